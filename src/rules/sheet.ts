import { provenance } from './listing.ts';
import type { RuleSet } from './rule-set.ts';
import type { Rule } from './verdict.ts';
import { conditionWords, doing, loginWords, placeholders, target } from './words.ts';

/** One rule in plain words. */
export interface SheetRule {
  readonly list: 'private' | 'public';
  readonly id: string;
  readonly method: string;
  readonly does: string;
  readonly path: string;
  readonly purpose: string | null;
  readonly permission: string | null;
  readonly conditions: readonly string[];
  readonly target: string;
  readonly login: string;
  readonly from: string;
  /** It may change things, and is in force. */
  readonly writes: boolean;
}

/** Every rule in force, for the one who must sign it. */
export const sheetRules = (rules: RuleSet, shippedWith: string | null): SheetRule[] =>
  [...rules.private, ...rules.public].map((rule) => sheetRule(rules, rule, shippedWith));

function sheetRule(rules: RuleSet, rule: Rule, shippedWith: string | null): SheetRule {
  const spec = rules.specs.get(rule.id);
  const { list, id, method, path, purpose, permission, auth, writesOff } = rule;
  return {
    list,
    id,
    method,
    does: doing(rule),
    path: placeholders(path),
    purpose,
    permission,
    conditions: conditionWords(spec?.valid ?? []),
    target: target(spec?.origin ?? null, list),
    login: loginWords(auth),
    from: provenance(rule, shippedWith),
    writes: list === 'private' && !writesOff && method !== 'GET' && method !== 'HEAD',
  };
}

/** What no rule can allow: the law that stands before all rules. */
export const REFUSED_ALWAYS: readonly string[] = [
  'Everything that no rule allows.',
  'URLs that could mean two things: segments . and .., ; \\ and # in any form, //, an encoded %, broken or overlong encodings, control characters, characters beyond ASCII.',
  'An encoded slash, unless the rule itself has one.',
  'Methods other than GET and HEAD, unless a rule names them and ALLOW_WRITES is true.',
  'Redirects are not followed; what was matched is sent byte for byte.',
  "A caller's own authorisation and cookies do not reach Bitbucket.",
];
