import type { HeaderMap } from '../call.ts';
import type { AcceptList, RuleSpec } from './accept-list.ts';
import { conditionMiss, Evidence } from './conditions.ts';
import { type IdentifyFilters, identifyFilters } from './filters.ts';
import { Lookup } from './lookup.ts';
import { parsePattern } from './path-pattern.ts';
import { METHODS } from './rule-schema.ts';
import { pathEnd, targetFlaw } from './target.ts';
import type { NearMiss, Reason, Rule, Verdict } from './verdict.ts';

/** What a verdict is asked for; a `Call` is one. `method` is upper case, `url` as it came. */
export interface Question {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderMap;
  readonly body: Buffer | null;
}

const NONE: readonly NearMiss[] = Object.freeze([]);

const REASONS = {
  method: 'method',
  path: 'no-rule',
  query: 'valid-query',
  header: 'valid-header',
  body: 'valid-body',
  encoding: 'encoded-slash',
  write: 'write-off',
} as const satisfies Record<NearMiss['aspect'], Reason>;

/** The compiled accept list: the one gate for what comes from Snyk (`private`) and what goes to it (`public`). */
export class RuleSet {
  readonly private: readonly Rule[];
  readonly public: readonly Rule[];
  /** The list as the broker server is told it, without secrets. */
  readonly filters: IdentifyFilters;
  /** By id, what the file says of each rule: its origin and its conditions as they are written. */
  readonly specs: ReadonlyMap<string, RuleSpec>;
  readonly #private: Matcher;
  readonly #public: Matcher;

  constructor(list: AcceptList, rules: { private: readonly Rule[]; public: readonly Rule[] }) {
    this.private = rules.private;
    this.public = rules.public;
    this.filters = identifyFilters(list);
    this.specs = new Map([...list.private, ...list.public].map((spec) => [spec.id, spec]));
    this.#private = new Matcher(rules.private);
    this.#public = new Matcher(rules.public);
  }

  /** May this call go to Bitbucket? The first rule that fits decides. */
  decide(question: Question): Verdict {
    return this.#private.decide(question);
  }

  /** May this call, a webhook, go to Snyk? */
  decidePublic(question: Question): Verdict {
    return this.#public.decide(question);
  }
}

class Matcher {
  readonly #rules: readonly Rule[];
  readonly #lookup: Lookup;
  readonly #allowed: readonly Verdict[];
  readonly #refused = new Map<Reason, Verdict>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#lookup = new Lookup(rules.map(({ path }) => parsePattern(path)));
    this.#allowed = rules.map((rule) =>
      Object.freeze({ allowed: true, rule, ruleId: rule.id, reason: 'allowed', nearMisses: NONE }),
    );
  }

  decide(question: Question): Verdict {
    const { url } = question;
    const flaw = targetFlaw(url);
    if (flaw !== null) return this.#refusal(flaw);
    const count = this.#lookup.find(url.slice(0, pathEnd(url)));
    if (count === 0) return this.#refusal('no-rule');
    let evidence: Evidence | null = null;
    let misses: NearMiss[] | null = null;
    for (let position = 0; position < count; position += 1) {
      const index = this.#lookup.match(position);
      const rule = this.#rules[index] as Rule;
      if (!methodFits(rule.method, question.method)) continue;
      let miss: Miss | null = rule.encodedSlash || !this.#lookup.encodedSlash ? null : ENCODING_MISS;
      if (miss === null && rule.conditions !== null) {
        evidence ??= new Evidence(question);
        miss = conditionMiss(rule.conditions, evidence);
      }
      if (miss === null && rule.writesOff && !isRead(question.method)) miss = WRITE_MISS;
      if (miss === null) return this.#allowed[index] as Verdict;
      misses ??= [];
      misses.push({ ruleId: rule.id, aspect: miss.aspect, detail: miss.detail });
      if (miss.final === true) break;
    }
    return misses === null ? this.#refusal('method') : refusal(reasonOf(misses), misses);
  }

  #refusal(reason: Reason): Verdict {
    const known = this.#refused.get(reason);
    if (known !== undefined) return known;
    const made = refusal(reason, NONE);
    this.#refused.set(reason, made);
    return made;
  }
}

interface Miss {
  readonly aspect: NearMiss['aspect'];
  readonly detail: string;
  readonly final?: boolean;
}

const ENCODING_MISS: Miss = {
  aspect: 'encoding',
  detail: 'the path has an encoded slash, the rule has none',
};
const WRITE_MISS: Miss = { aspect: 'write', detail: 'writes are off: only GET and HEAD get through' };

const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD';

/** Whether a rule's method, which may be `ANY`, takes a call's. */
export const methodFits = (wanted: string, method: string): boolean =>
  wanted === method || (wanted === 'ANY' && METHODS.has(method));

/** That writes are off says most: the rule would allow the call. Else the first rule in the file speaks. */
function reasonOf(misses: readonly NearMiss[]): Reason {
  if (misses.some(({ aspect }) => aspect === 'write')) return 'write-off';
  return REASONS[misses[0]?.aspect ?? 'path'];
}

const refusal = (reason: Reason, nearMisses: readonly NearMiss[]): Verdict =>
  Object.freeze({ allowed: false, rule: null, ruleId: null, reason, nearMisses });
