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
  const sides = alive.map((rule) => sideOf(rule, rules));
  return sides.flatMap((side, index) => {
    const { rule } = side;
    const earlier = sides.slice(0, index).find((candidate) => takesAll(candidate, side))?.rule;
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

/**
 * The rules of a set, each of which by itself takes every call that fits one rule of another; `null` stands for none
 * that is needed, as no call can fit it.
 */
export function takenBy(rule: Rule, of: RuleSet, by: RuleSet): (Rule | null)[] {
  const side = sideOf(rule, of);
  if (deathOf(rule.path, of.specs.get(rule.id)?.valid ?? []) !== null) return [null];
  return by[rule.list].filter((other) => takesAll(sideOf(other, by), side));
}

/** A rule, ready to be compared. */
interface Side {
  readonly rule: Rule;
  readonly cover: Cover;
  readonly conditions: string;
}

const sideOf = (rule: Rule, rules: RuleSet): Side => ({
  rule,
  cover: coverOf(rule.path),
  conditions: JSON.stringify(rules.specs.get(rule.id)?.valid),
});

function takesAll(earlier: Side, later: Side): boolean {
  const wanted = methodsOf(later.rule);
  const taken = methodsOf(earlier.rule);
  if (wanted.length === 0 || wanted.some((method) => !taken.includes(method))) return false;
  if (later.rule.encodedSlash && !earlier.rule.encodedSlash) return false;
  if (earlier.rule.conditions !== null && earlier.conditions !== later.conditions) return false;
  return coversPath(earlier.cover, later.cover);
}

/** What a rule really allows. */
function methodsOf({ method, writesOff }: Rule): readonly string[] {
  const named = method === 'ANY' ? [...METHODS] : [method];
  return writesOff ? named.filter((name) => name === 'GET' || name === 'HEAD') : named;
}
