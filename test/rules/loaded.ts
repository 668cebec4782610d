import { loadRules } from '../../src/rules/compile.ts';
import type { RuleSet } from '../../src/rules/rule-set.ts';

export const BITBUCKET = { scheme: 'https', host: 'bitbucket.test' } as const;
const VARIABLES: Readonly<Record<string, string>> = {
  BITBUCKET: 'bitbucket.test',
  BITBUCKET_API: 'bitbucket.test/rest/api/1.0',
};

export interface Options {
  readonly allowWrites?: boolean;
  readonly agentOff?: boolean;
  readonly public?: readonly object[];
}

/** What `loadRules` makes of private rules; the origin is Bitbucket's REST API unless a rule has one. */
export const loadedOf = (
  rules: readonly object[] | string,
  { allowWrites = true, agentOff = false, ...lists }: Options = {},
) =>
  loadRules(textOf(rules, lists.public ?? []), 'accept.json', {
    variable: (name) => VARIABLES[name],
    bitbucket: BITBUCKET,
    allowWrites,
    agentOff,
  });

export const textOf = (rules: readonly object[] | string, webhooks: readonly object[] = []): string =>
  typeof rules === 'string'
    ? rules
    : JSON.stringify({
        private: rules.map((rule) => ({ origin: 'https://${BITBUCKET_API}', ...rule })),
        public: webhooks,
      });

export function rulesOf(rules: readonly object[] | string, options?: Options): RuleSet {
  const loaded = loadedOf(rules, options);
  if (loaded.rules === null) throw new Error(JSON.stringify(loaded.problems));
  return loaded.rules;
}
