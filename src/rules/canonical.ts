import { plainRule } from './filters.ts';
import type { RuleSet } from './rule-set.ts';
import type { Rule } from './verdict.ts';

/** Changes when the same rules would give another text. */
const FORM = 1;

/**
 * What decides, as one text: every rule that is in force, in its order. Two rule sets with the same text allow the same
 * calls. Hosts are not in it, only the variables that stand for them, so it is the same at every installation; nor are
 * comments, purposes and permissions. What is written out in logins is masked. `ALLOW_WRITES` changes it where a rule
 * writes, `GIT_CLIENT_URL` where a rule needs it, `INVENTORY_URL=off` where a rule has the origin `agent:`.
 */
export const canonicalRules = (rules: RuleSet): string =>
  JSON.stringify({
    form: FORM,
    rules: [...rules.private, ...rules.public].map((rule) => canonicalRule(rules, rule)),
  });

/** One rule of it, without what only names it. */
export function canonicalRule(rules: RuleSet, rule: Rule): Readonly<Record<string, unknown>> {
  const spec = rules.specs.get(rule.id);
  if (spec === undefined) throw new Error(`no rule ${rule.id}`);
  const { origin = null, auth = null, valid = [] } = plainRule(spec);
  const { list, id, method, path, writesOff } = rule;
  return { list, id, method, path, origin, auth, valid: sorted(valid), writesOff };
}

/** The same value with its objects' keys in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
