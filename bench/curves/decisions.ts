import { createRequire } from 'node:module';
import { loadRules } from '../../src/rules/compile.ts';
import type { RuleSet } from '../../src/rules/rule-set.ts';
import { type Curve, LineBook, median } from './curve.ts';
import { listText, type Mix, type RuleList, ruleList } from './rule-lists.ts';

const SAMPLES = 7;
const SAMPLE_MICROSECONDS = 15_000;

interface OfficialMatcher {
  loadFilters(rules: RuleList['rules'], type: string, config: object): (call: object) => object | false;
}

/** What one decision costs with ever more rules, here and in the matcher of snyk-broker. */
export function decisionCurve(counts: readonly number[], mix: Mix): Curve {
  const book = new LineBook();
  const official = officialMatcher();
  for (const count of counts) {
    const list = ruleList(mix, count);
    const ours = compiled(list);
    const theirs = official.loadFilters(list.rules, 'default', {});
    for (const [name, url] of Object.entries(list.calls)) {
      const call = { method: 'GET', url, headers: {}, body: null };
      const allowed = name !== 'no rule';
      if (ours.decide(call).allowed !== allowed || (theirs(call) !== false) !== allowed)
        throw new Error(`${count} ${mix} rules: a wrong verdict of the call for ${name}`);
      book.add(
        `agent, ${name}`,
        count,
        microseconds(() => ours.decide(call)),
      );
      book.add(
        `official, ${name}`,
        count,
        microseconds(() => theirs(call)),
      );
    }
  }
  return {
    id: `decision-${mix}`,
    title: `CPU of one decision, ${mix} rules`,
    x: 'rules',
    unit: 'µs',
    of: 'each',
    lines: book.lines,
  };
}

function compiled(list: RuleList): RuleSet {
  const options = {
    variable: () => undefined,
    bitbucket: { scheme: 'https', host: 'bitbucket.test' } as const,
    allowWrites: false,
  };
  const { rules, problems } = loadRules(listText(list), 'bench.json', options);
  if (rules === null) throw new Error(JSON.stringify(problems));
  return rules;
}

function officialMatcher(): OfficialMatcher {
  const require = createRequire(import.meta.url);
  const { log } = require('snyk-broker/dist/lib/logs/logger.js') as { log: { level(level: number): void } };
  log.level(Number.MAX_SAFE_INTEGER);
  return require('snyk-broker/dist/lib/hybrid-sdk/common/filter/filtersAsync.js');
}

/** CPU of this process for one call of `ask`: the median of some samples, each of as many rounds as it takes. */
function microseconds(ask: () => unknown): number {
  let rounds = 16;
  while (spent(ask, rounds) < SAMPLE_MICROSECONDS) rounds *= 2;
  return median(Array.from({ length: SAMPLES }, () => spent(ask, rounds) / rounds));
}

function spent(ask: () => unknown, rounds: number): number {
  const before = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) ask();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
