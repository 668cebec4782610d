import { flawPlace } from './flaw-place.ts';
import { type SeenUrl, seenUrls } from './full-url.ts';
import { Lookup } from './lookup.ts';
import { pathMiss } from './path-miss.ts';
import { parsePattern } from './path-pattern.ts';
import { METHODS } from './rule-schema.ts';
import { methodFits, type Question, type RuleSet } from './rule-set.ts';
import { pathEnd } from './target.ts';
import type { NearMiss, Rule, Verdict } from './verdict.ts';

/** So many rules are named. */
const MOST = 5;

/**
 * The verdict of `decide` (`decidePublic` for public rules), for a person: of a refused call, the nearest rules with
 * what each missed, the best first. Their details quote the rule, and count places in the call; they do not repeat it.
 * Takes time in proportion to the rules; not for every call.
 */
export function explain(rules: RuleSet, question: Question, list: 'private' | 'public' = 'private'): Verdict {
  const verdict = list === 'private' ? rules.decide(question) : rules.decidePublic(question);
  if (verdict.allowed) return verdict;
  const { url } = question;
  const path = url.slice(0, pathEnd(url));
  const flawed = flawPlace(url);
  if (flawed !== null) {
    const [nearest] = nearestPaths(rules[list], path);
    const detail = `${flawed.flaw} at character ${flawed.at + 1} of the url: refused before any rule is looked at`;
    const nearMisses =
      nearest === undefined ? [] : [{ ruleId: nearest.ruleId, aspect: 'encoding', detail } as const];
    return Object.freeze({ ...verdict, nearMisses });
  }
  const { fitting, others } = byPath(rules[list], path);
  const nearMisses = [
    ...verdict.nearMisses.filter(({ aspect }) => aspect === 'write'),
    ...verdict.nearMisses.filter(({ aspect }) => aspect !== 'write').map((miss) => placed(miss, path)),
    ...methodMisses(fitting, question.method),
    ...nearestPaths(others, path),
  ];
  return Object.freeze({ ...verdict, nearMisses: nearMisses.slice(0, MOST) });
}

/** What the rules say to a call, and as which url they saw it. */
export interface Explained {
  readonly seen: SeenUrl;
  readonly verdict: Verdict;
  /** Of a whole address to which no rule sends a call: the rule that allows its path by itself, and sends it elsewhere. */
  readonly elsewhere: Rule | null;
}

/** As `explain`, of a url that may be a whole address from a browser: the first way to mean it that leads there. */
export function explainAddress(
  rules: RuleSet,
  question: Question,
  list: 'private' | 'public' = 'private',
): Explained {
  const answers = seenUrls(question.url, rules[list]).map((seen) => ({
    seen,
    verdict: explain(rules, { ...question, url: seen.url }, list),
  }));
  const answer = answers.find(leadsThere) ?? answers.find(({ verdict }) => !verdict.allowed) ?? answers[0];
  if (answer === undefined) throw new Error('a url is seen in at least one way');
  const { rule } = answer.verdict;
  if (rule === null || leadsThere(answer)) return { ...answer, elsewhere: null };
  return { seen: answer.seen, verdict: sentElsewhere(rule), elsewhere: rule };
}

/** The call is allowed, and what goes out is the address that was given, where it was a full one. */
const leadsThere = ({ seen, verdict: { rule } }: { seen: SeenUrl; verdict: Verdict }): boolean =>
  rule !== null && (seen.base === '' || rule.list === 'public' || rule.origin + rule.basePath === seen.base);

function sentElsewhere({ id, origin, basePath }: Rule): Verdict {
  const detail = `allows the path by itself, and sends it to ${origin}${basePath}`;
  const nearMisses = [{ ruleId: id, aspect: 'path', detail } as const];
  return Object.freeze({ allowed: false, rule: null, ruleId: null, reason: 'no-rule', nearMisses });
}

function byPath(rules: readonly Rule[], path: string): { fitting: Rule[]; others: Rule[] } {
  const lookup = new Lookup(rules.map((rule) => parsePattern(rule.path)));
  const count = lookup.find(path);
  const found = new Set(Array.from({ length: count }, (_, position) => lookup.match(position)));
  return {
    fitting: rules.filter((_, index) => found.has(index)),
    others: rules.filter((_, index) => !found.has(index)),
  };
}

const placed = (miss: NearMiss, path: string): NearMiss =>
  miss.aspect === 'encoding'
    ? { ...miss, detail: `${miss.detail}: at character ${path.search(/%2f/i) + 1} of the url` }
    : miss;

function methodMisses(fitting: readonly Rule[], method: string): NearMiss[] {
  return fitting
    .filter((rule) => !methodFits(rule.method, method))
    .map((rule) => ({
      ruleId: rule.id,
      aspect: 'method',
      detail: `the method must be ${rule.method === 'ANY' ? [...METHODS].join(', ') : rule.method}`,
    }));
}

function nearestPaths(rules: readonly Rule[], path: string): NearMiss[] {
  return rules
    .map((rule) => ({ rule, ...pathMiss(rule.path, path) }))
    .sort((one, other) => other.nearness - one.nearness)
    .slice(0, MOST)
    .map(({ rule, detail }) => ({ ruleId: rule.id, aspect: 'path', detail }));
}
