import { canonicalRule } from './canonical.ts';
import { diffCalls } from './diff-calls.ts';
import { maskAuth } from './filters.ts';
import { Takers } from './lint/shadow.ts';
import type { Question, RuleSet } from './rule-set.ts';
import type { Reason, Rule, Verdict } from './verdict.ts';

/** One call that two rule sets decide differently, and what decides it. */
export interface RuleChange {
  readonly list: 'private' | 'public';
  /** The call: really decided by both. */
  readonly example: Question;
  /** All methods that were found decided in this way by the same rules, that of the example first. */
  readonly methods: readonly string[];
  /** Anything but GET and HEAD, to Bitbucket. */
  readonly write: boolean;
  readonly before: Decision;
  readonly after: Decision;
  /** Where it goes, or with which login, is another: texts that name both. */
  readonly otherwise: readonly string[];
}

/** What became of the example. */
export interface Decision {
  readonly reason: Reason;
  readonly ruleId: string | null;
  /** `FILE, private rule 3 (line 41)`. */
  readonly where: string | null;
}

export interface RulesDiff {
  readonly newlyAllowed: readonly RuleChange[];
  readonly newlyRefused: readonly RuleChange[];
  /** Allowed by both, but it goes elsewhere or with another login. */
  readonly changed: readonly RuleChange[];
  /** Rules that only one of the two has, without any call found that is decided differently for it. */
  readonly withoutEffect: readonly Unexplained[];
}

/** A rule whose coming or going shows in no call. */
export interface Unexplained {
  readonly ruleId: string;
  readonly where: string;
  /** `added` or `removed`, from the old set's view. */
  readonly what: 'added' | 'removed';
  /** It only writes, and writes are off. */
  readonly writesOff: boolean;
  /** It was added, and it cannot be told that it allows nothing new. */
  readonly unclear: boolean;
}

const LISTS = ['private', 'public'] as const;

/**
 * What a new rule set allows, refuses or sends otherwise than the old one. Meaning is compared, not text: calls are made
 * from every rule of both, and decided by both. For each pair of deciding rules one call is told. What no such call
 * shows is not found; the rules in question are then in `withoutEffect`.
 */
export function diff(before: RuleSet, after: RuleSet): RulesDiff {
  const changes = new Map<string, RuleChange>();
  const explained = new Set<Rule>();
  const together: (readonly [Rule, Rule])[] = [];
  for (const list of LISTS) {
    for (const example of diffCalls(before, after, list)) {
      const [was, is] = [decide(before, list, example), decide(after, list, example)];
      if (was.rule !== null && is.rule !== null) together.push([was.rule, is.rule]);
      const change = changeOf(list, example, was, is);
      if (change === null) continue;
      for (const { rule } of [was, is]) if (rule !== null) explained.add(rule);
      keep(changes, change);
    }
  }
  for (const [was, is] of together) if (explained.has(is)) explained.add(was);
  const all = [...changes.values()];
  const newcomers = new Newcomers(before, after);
  return {
    newlyAllowed: all.filter((change) => change.before.ruleId === null),
    newlyRefused: all.filter((change) => change.after.ruleId === null),
    changed: all.filter((change) => change.before.ruleId !== null && change.after.ruleId !== null),
    withoutEffect: [
      ...unmatched(before, after).map((rule) => ({ rule, what: 'removed' as const })),
      ...unmatched(after, before).map((rule) => ({ rule, what: 'added' as const })),
    ]
      .filter(({ rule }) => !explained.has(rule))
      .map(({ rule, what }) => {
        const writesOff = rule.writesOff && rule.method !== 'ANY';
        const unclear = what === 'added' && !writesOff && !newcomers.allowsNothingNew(rule);
        return { ruleId: rule.id, where: rule.where, what, writesOff, unclear };
      }),
  };
}

/** Tells of rules that only the new set has whether they allow something new. */
class Newcomers {
  readonly #after: RuleSet;
  /** By list. */
  readonly #takers: Readonly<Record<(typeof LISTS)[number], { readonly old: Takers; readonly own: Takers }>>;

  constructor(before: RuleSet, after: RuleSet) {
    const of = (list: (typeof LISTS)[number]) => ({
      old: new Takers(before[list], before),
      own: new Takers(after[list], after),
    });
    this.#after = after;
    this.#takers = { private: of('private'), public: of('public') };
  }

  /**
   * Whether no call can fit a rule, or one rule before it takes them all, or one of the old set took them all, to the
   * same place.
   */
  allowsNothingNew(rule: Rule): boolean {
    const { old, own } = this.#takers[rule.list];
    const takers = old.takersOf(rule, this.#after);
    if (takers === null || own.firstBefore(rule) !== null) return true;
    return takers.some((taker) => differences(taker, rule).length === 0);
  }
}

/** One call is kept for each pair of decisions; of others only the method. */
function keep(changes: Map<string, RuleChange>, change: RuleChange): void {
  const { list, before, after, write, example } = change;
  const key = [list, before.ruleId, before.reason, after.ruleId, after.reason, write].join('\n');
  const known = changes.get(key);
  if (known === undefined) changes.set(key, change);
  else if (!known.methods.includes(example.method)) {
    changes.set(key, { ...known, methods: [...known.methods, example.method] });
  }
}

const decide = (rules: RuleSet, list: 'private' | 'public', question: Question): Verdict =>
  list === 'private' ? rules.decide(question) : rules.decidePublic(question);

function changeOf(
  list: 'private' | 'public',
  example: Question,
  before: Verdict,
  after: Verdict,
): RuleChange | null {
  const otherwise = before.rule === null || after.rule === null ? [] : differences(before.rule, after.rule);
  if (before.allowed === after.allowed && otherwise.length === 0) return null;
  const write = list === 'private' && example.method !== 'GET' && example.method !== 'HEAD';
  return {
    list,
    example,
    methods: [example.method],
    write,
    before: decision(before),
    after: decision(after),
    otherwise,
  };
}

const decision = ({ reason, rule }: Verdict): Decision => ({
  reason,
  ruleId: rule?.id ?? null,
  where: rule?.where ?? null,
});

function differences(before: Rule, after: Rule): string[] {
  const [from, to] = [before, after].map(({ origin, basePath }) => origin + basePath);
  const [was, is] = [before, after].map(({ auth }) => JSON.stringify(auth));
  const [shownWas, shownIs] = [before, after].map(({ auth }) =>
    auth === null ? 'no login' : JSON.stringify(maskAuth(auth)),
  );
  const otherLogin =
    shownWas === shownIs
      ? 'with another login (what is written out differs)'
      : `with another login: ${shownWas} → ${shownIs}`;
  return [...(from === to ? [] : [`goes elsewhere: ${from} → ${to}`]), ...(was === is ? [] : [otherLogin])];
}

/** The rules of one set that the other has no equal of. */
function unmatched(mine: RuleSet, other: RuleSet): Rule[] {
  const counts = new Map<string, number>();
  for (const rule of [...other.private, ...other.public]) {
    const text = meaning(other, rule);
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...mine.private, ...mine.public].filter((rule) => {
    const text = meaning(mine, rule);
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}

/** Ids do not count. */
function meaning(rules: RuleSet, rule: Rule): string {
  return JSON.stringify({ ...canonicalRule(rules, rule), id: null });
}
