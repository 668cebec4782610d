import { METHODS } from '../rule-schema.ts';
import type { RuleSet } from '../rule-set.ts';
import type { Rule } from '../verdict.ts';
import { type Cover, coverOf, coversPath } from './coverage.ts';
import { deathOf } from './dead.ts';
import type { Finding } from './finding.ts';

/** Rules that decide nothing as an earlier one, alone, takes every call that fits them. */
export function shadowFindings(rules: RuleSet, list: 'private' | 'public'): Finding[] {
  const alive = rules[list].filter(
    (rule) => deathOf(rule.path, rules.specs.get(rule.id)?.valid ?? []) === null,
  );
  const covers = new Map(alive.map((rule) => [rule, coverOf(rule.path)]));
  return alive.flatMap((rule, index) => {
    const earlier = alive.slice(0, index).find((candidate) => takesAll(candidate, rule, rules, covers));
    if (earlier === undefined) return [];
    const finding: Finding = {
      level: 'warn',
      code: 'shadowed',
      where: rule.where,
      ruleId: rule.id,
      text: `decides nothing: rule ${earlier.id} before it takes every call that fits it`,
      suggestion: `Take it out, or put it before ${earlier.id}.`,
    };
    return [finding];
  });
}

function takesAll(earlier: Rule, later: Rule, rules: RuleSet, covers: ReadonlyMap<Rule, Cover>): boolean {
  const wanted = methodsOf(later);
  const taken = methodsOf(earlier);
  if (wanted.length === 0 || wanted.some((method) => !taken.includes(method))) return false;
  if (later.encodedSlash && !earlier.encodedSlash) return false;
  if (earlier.conditions !== null && conditionsOf(earlier, rules) !== conditionsOf(later, rules))
    return false;
  const [wide, narrow] = [covers.get(earlier), covers.get(later)];
  return wide !== undefined && narrow !== undefined && coversPath(wide, narrow);
}

/** What a rule really allows. */
function methodsOf({ method, writesOff }: Rule): readonly string[] {
  const named = method === 'ANY' ? [...METHODS] : [method];
  return writesOff ? named.filter((name) => name === 'GET' || name === 'HEAD') : named;
}

const conditionsOf = (rule: Rule, rules: RuleSet): string => JSON.stringify(rules.specs.get(rule.id)?.valid);
