import type { RuleSpec } from './accept-list.ts';
import { exampleCalls } from './example-call.ts';
import { misfitParts } from './example-conditions.ts';
import { slowPath } from './lint/slow-pattern.ts';
import { Lookup } from './lookup.ts';
import { parsePattern } from './path-pattern.ts';
import type { Question, RuleSet } from './rule-set.ts';
import { pathEnd } from './target.ts';

type List = 'private' | 'public';

/**
 * Calls in which two rule sets may differ: those that each rule of both is about, then the same with what the
 * conditions of the other set's rules refuse.
 */
export function diffCalls(before: RuleSet, after: RuleSet, list: List): Question[] {
  const exampled = (rules: RuleSet): Exampled[] =>
    specsOf(rules, list).map((spec) => ({ spec, calls: exampleCalls(spec) }));
  const [old, fresh] = [exampled(before), exampled(after)];
  const plain = [...fresh, ...old].flatMap(({ calls }) => calls);
  return [...plain, ...againstConditions(fresh, before, list), ...againstConditions(old, after, list)];
}

interface Exampled {
  readonly spec: RuleSpec;
  readonly calls: readonly Question[];
}

const specsOf = (rules: RuleSet, list: List): RuleSpec[] =>
  rules[list].flatMap(({ id }) => rules.specs.get(id) ?? []);

/** The first call of each rule, changed so that it does not meet the conditions of the others' rules for its path. */
function againstConditions(mine: readonly Exampled[], others: RuleSet, list: List): Question[] {
  const conditional = specsOf(others, list)
    .map((spec) => ({ spec, misfits: misfitParts(spec.valid), slow: slowPath(spec.path) }))
    .filter(({ misfits }) => misfits.length > 0);
  const quick = conditional.filter(({ slow }) => !slow);
  // With these a path may take very long, so they are not asked: their own text is theirs all the same.
  const slow = Map.groupBy(
    conditional.filter((other) => other.slow),
    ({ spec }) => spec.path,
  );
  const lookup = new Lookup(quick.map(({ spec }) => parsePattern(spec.path)));
  return mine.flatMap(({ spec, calls: [call] }) => {
    if (call === undefined) return [];
    const count = lookup.find(call.url.slice(0, pathEnd(call.url)));
    const fitting = Array.from({ length: count }, (_, position) => quick[lookup.match(position)]);
    return [...fitting, ...(slow.get(spec.path) ?? [])].flatMap((other) =>
      (other?.misfits ?? []).map(({ query, headers }) => ({
        ...call,
        url: query === '' ? call.url : `${call.url}${call.url.includes('?') ? '&' : '?'}${query}`,
        headers: { ...headers, ...call.headers },
      })),
    );
  });
}
