import type { Problem } from '../../errors.ts';
import { AGENT_ORIGIN } from '../agent-origin.ts';
import type { Compiled } from '../compile.ts';
import type { RuleSet } from '../rule-set.ts';
import { variablesIn } from '../template.ts';
import { fileFindings } from './file-findings.ts';
import type { Finding } from './finding.ts';
import { type BitbucketPlace, ruleFindings } from './rule-findings.ts';
import { shadowFindings } from './shadow.ts';

/** What `lint` looks at: what `loadRules` gave, and what it was given. */
export interface LintInput {
  /** Its name for messages. */
  readonly file: string;
  readonly text: string;
  readonly loaded: Compiled & { readonly notes: readonly string[] };
  readonly bitbucket: BitbucketPlace;
  readonly allowWrites: boolean;
  /** Whether `${NAME}` in an origin has a value; left out where all have. */
  isSet?(name: string): boolean;
}

/** What to do about rules of the origin `agent:` that are off. */
export const UNANSWERED_HINT =
  'Set INVENTORY_URL to the agent that keeps the inventory and serves it at INVENTORY_PORT, or take these rules out.';

const LEVELS: readonly Finding['level'][] = ['error', 'warn', 'info'];

/**
 * What a careful reader would say of an accept list: errors first, then in the order of the file. Where the list
 * cannot be used only that is told. A rule is called dead or shadowed only where that is sure.
 */
export function lint(input: LintInput): Finding[] {
  const { file, text, loaded } = input;
  const { rules, problems, notes, leadNowhere, unanswered } = loaded;
  const findings = [
    ...problems.map(unusable),
    ...fileFindings(file, text, notes),
    ...leadNowhere.map((ruleId) => nowhere(ruleId, file)),
    ...unanswered.map((ruleId) => nobody(ruleId, file)),
    ...(rules === null ? [] : ofRules(rules, input)),
  ];
  return findings.toSorted((one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level));
}

const unusable = ({ where, reason, example }: Problem): Finding => ({
  level: 'error',
  code: 'unusable',
  where,
  ruleId: null,
  text: reason,
  suggestion: `For example: ${example}`,
});

const nowhere = (ruleId: string, file: string): Finding => ({
  level: 'info',
  code: 'leads-nowhere',
  where: file,
  ruleId,
  text: `rule ${ruleId} is off: its origin needs GIT_CLIENT_URL, which is not set`,
  suggestion: 'Set GIT_CLIENT_URL, or take the rule out.',
});

const nobody = (ruleId: string, file: string): Finding => ({
  level: 'info',
  code: 'leads-nowhere',
  where: file,
  ruleId,
  text: `rule ${ruleId} is off: its origin is agent:, and INVENTORY_URL=off says that no agent can be asked for the inventory`,
  suggestion: UNANSWERED_HINT,
});

function ofRules(rules: RuleSet, { bitbucket, allowWrites, isSet = () => true }: LintInput): Finding[] {
  const all = [...rules.private, ...rules.public];
  const each = all.flatMap((rule) => {
    const spec = rules.specs.get(rule.id);
    if (spec === undefined) return [];
    const unset =
      rule.origin === AGENT_ORIGIN ? [] : variablesIn(spec.origin ?? '').filter((name) => !isSet(name));
    return [
      ...ruleFindings(rule, spec, { bitbucket, allowWrites }),
      ...unset.map(
        (name): Finding => ({
          level: 'warn',
          code: 'variable-not-set',
          where: rule.where,
          ruleId: rule.id,
          text: `its origin needs the variable ${name}, which is not set here`,
          suggestion: `Set ${name} where the agent runs: it does not start without it.`,
        }),
      ),
    ];
  });
  return [...each, ...shadowFindings(rules, 'private'), ...shadowFindings(rules, 'public')];
}
