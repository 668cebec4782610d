/**
 * What a decision costs, in a process of its own: `node bench/decision/cost.ts BATCHES`. Writes one line of JSON: a list
 * of `{rules, place, contender, ns}`, the best of so many batches each, which take turns.
 */
import { nanosecondsOf, officialMatcher, ourRules } from './matchers.ts';
import { manyRules } from './rules.ts';

/** Which rule fits. */
const CALLS = {
  first: '/projects?limit=1000',
  last: '/projects/PAY/repos/api/raw/catalog-info.yaml?at=refs%2Fheads%2Fmain',
  none: '/projects/PAY/repos/api/browse/src/main/java/App.java',
} as const;
const BATCH = { agent: 20_000, official: 2_000 } as const;

const batches = Number(process.argv[2] ?? 5);
const results: object[] = [];
for (const count of [98, 130]) {
  const rules = manyRules(count);
  const ours = ourRules(rules);
  const official = officialMatcher(rules);
  for (const [place, url] of Object.entries(CALLS)) {
    const call = { method: 'GET', url, headers: {}, body: null };
    const fits = place !== 'none';
    if (ours.decide(call).allowed !== fits || (official(call) !== false) !== fits) {
      throw new Error(`${count} rules, ${place}: not the verdict that it is made for`);
    }
    const best = { agent: Number.POSITIVE_INFINITY, official: Number.POSITIVE_INFINITY };
    for (let batch = 0; batch < batches; batch += 1) {
      best.agent = Math.min(
        best.agent,
        nanosecondsOf(() => ours.decide(call), BATCH.agent),
      );
      best.official = Math.min(
        best.official,
        nanosecondsOf(() => official(call), BATCH.official),
      );
    }
    for (const contender of ['agent', 'official'] as const) {
      results.push({ rules: count, place, contender, ns: best[contender] });
    }
  }
}
console.log(JSON.stringify(results));
