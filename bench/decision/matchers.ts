import { createRequire } from 'node:module';
import { loadRules } from '../../src/rules/compile.ts';
import { HOST, type RawRule } from './rules.ts';

/** What a decision is about. */
export interface DecidedCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
}

/** The rules of this agent. Throws when it does not take the list. */
export function ourRules(rules: readonly RawRule[]): NonNullable<ReturnType<typeof loadRules>['rules']> {
  const loaded = loadRules(JSON.stringify({ private: rules }), 'bench.json', {
    variable: () => undefined,
    bitbucket: { scheme: 'https', host: HOST },
    allowWrites: true,
  });
  if (loaded.rules === null) throw new Error('the rules of the benchmark are broken');
  return loaded.rules;
}

/** The matcher of the npm package `snyk-broker`, which runs in this process; what it logs is not written. */
export function officialMatcher(rules: readonly RawRule[]): (call: DecidedCall) => RawRule | false {
  const require = createRequire(import.meta.url);
  const { log } = require('snyk-broker/dist/lib/logs/logger.js') as { log: { level(level: number): void } };
  log.level(Number.MAX_SAFE_INTEGER);
  const { loadFilters } = require('snyk-broker/dist/lib/hybrid-sdk/common/filter/filtersAsync.js') as {
    loadFilters(
      rules: readonly RawRule[],
      type: string,
      config: object,
    ): (call: DecidedCall) => RawRule | false;
  };
  return loadFilters(rules, 'default', {});
}

/** Nanoseconds a call of `ask`, over so many calls. */
export function nanosecondsOf(ask: () => unknown, calls: number): number {
  const started = process.hrtime.bigint();
  for (let call = 0; call < calls; call += 1) ask();
  return Number(process.hrtime.bigint() - started) / calls;
}
