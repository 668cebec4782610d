import { METHODS } from '../rule-schema.ts';
import type { RuleSet } from '../rule-set.ts';
import type { Rule } from '../verdict.ts';
import { CoverIndex } from './cover-index.ts';
import { type Cover, coverOf, coversPath } from './coverage.ts';
import { deathOf } from './dead.ts';
import type { Finding } from './finding.ts';

/** Rules that decide nothing as an earlier one, alone, takes every call that fits them. */
export function shadowFindings(rules: RuleSet, list: 'private' | 'public'): Finding[] {
  const alive = rules[list].filter((rule) => !isDead(rule, rules));
  const takers = new Takers(alive, rules);
  return alive.flatMap((rule) => {
    const earlier = takers.firstBefore(rule);
    if (earlier === null) return [];
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

/** Rules of one set, read once to be asked which of them, each by itself, take every call that fits another rule. */
export class Takers {
  readonly #sides: readonly Side[];
  readonly #index: CoverIndex;
  readonly #places: ReadonlyMap<Rule, number>;

  /** @param of the set they are from */
  constructor(rules: readonly Rule[], of: RuleSet) {
    this.#sides = rules.map((rule) => sideOf(rule, of));
    this.#index = new CoverIndex(this.#sides.map(({ cover }) => cover));
    this.#places = new Map(rules.map((rule, place) => [rule, place]));
  }

  /** The first of them before one of themselves that takes all its calls. */
  firstBefore(rule: Rule): Rule | null {
    const place = this.#places.get(rule) ?? -1;
    const side = this.#sides[place];
    if (side === undefined) return null;
    return this.#takersOf(side, place).next().value ?? null;
  }

  /** All of them that take every call of a rule, in order; `null`: no call can fit it. */
  takersOf(rule: Rule, of: RuleSet): readonly Rule[] | null {
    return isDead(rule, of) ? null : [...this.#takersOf(sideOf(rule, of), this.#sides.length)];
  }

  *#takersOf(side: Side, end: number): Generator<Rule, undefined> {
    for (const index of this.#index.candidates(side.cover)) {
      const candidate = this.#sides[index];
      if (candidate === undefined || index >= end) return;
      if (takesAll(candidate, side)) yield candidate.rule;
    }
  }
}

/** A rule, ready to be compared. */
interface Side {
  readonly rule: Rule;
  readonly cover: Cover;
  readonly methods: readonly string[];
  readonly conditions: string;
}

const sideOf = (rule: Rule, rules: RuleSet): Side => ({
  rule,
  cover: coverOf(rule.path),
  methods: methodsOf(rule),
  conditions: JSON.stringify(rules.specs.get(rule.id)?.valid),
});

const isDead = (rule: Rule, rules: RuleSet): boolean =>
  deathOf(rule.path, rules.specs.get(rule.id)?.valid ?? []) !== null;

function takesAll(earlier: Side, later: Side): boolean {
  if (later.methods.length === 0) return false;
  if (later.methods.some((method) => !earlier.methods.includes(method))) return false;
  if (later.rule.encodedSlash && !earlier.rule.encodedSlash) return false;
  if (earlier.rule.conditions !== null && earlier.conditions !== later.conditions) return false;
  return coversPath(earlier.cover, later.cover);
}

/** What a rule really allows. */
function methodsOf({ method, writesOff }: Rule): readonly string[] {
  const named = method === 'ANY' ? [...METHODS] : [method];
  return writesOff ? named.filter((name) => name === 'GET' || name === 'HEAD') : named;
}
