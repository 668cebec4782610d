/**
 * What a decision costs with 130 rules, wherever the rule that fits stands, beside the matcher of snyk-broker 5.22.14.
 * `node bench/decide.ts [rounds]`; prints nanoseconds a decision, the best of seven runs.
 */
import { nanosecondsOf, officialMatcher, ourRules } from './decision/matchers.ts';
import { manyRules } from './decision/rules.ts';

const ROUNDS = Number(process.argv[2] ?? 50_000);
const RUNS = 7;
const RULES = 130;

const CALLS = [
  ['first rule', 'GET', '/projects?limit=1000'],
  [
    'middle, wildcard',
    'GET',
    '/projects/PAY/repos/api/browse/services/web/Podfile.lock?at=refs%2Fheads%2Fmain',
  ],
  ['middle, plain', 'GET', '/rest/api/1.0/projects/PAY/repos/api/part-9?start=25'],
  ['last rule', 'GET', '/projects/PAY/repos/api/raw/catalog-info.yaml?at=refs%2Fheads%2Fmain'],
  ['no rule', 'GET', '/projects/PAY/repos/api/browse/src/main/java/App.java'],
  ['wrong method', 'PATCH', '/rest/api/1.0/projects/PAY/repos/api/part-9'],
  ['refused path', 'GET', '/projects/PAY/repos/%2e%2e/raw/catalog-info.yaml'],
] as const;

/** The best of a few runs. */
const measure = (ask: () => unknown): number =>
  Math.round(Math.min(...Array.from({ length: RUNS }, () => nanosecondsOf(ask, ROUNDS))));

const rules = manyRules(RULES);
const ours = ourRules(rules);
const official = officialMatcher(rules);

console.log(`${rules.length} rules, ${ROUNDS} decisions a run, best of ${RUNS}, Node ${process.version}`);
console.table(
  CALLS.map(([name, method, url]) => {
    const call = { method, url, headers: {}, body: null };
    return {
      call: name,
      verdict: ours.decide(call).reason,
      'ns a decision': measure(() => ours.decide(call)),
      'official ns': measure(() => official(call)),
    };
  }),
);
