import { describe, expect, it } from '@jest/globals';
import { fail, pass, warn } from '../../src/doctor/finding.ts';
import { type Check, runChecks } from '../../src/doctor/run-checks.ts';

const never = new AbortController().signal;
const verdicts = async (checks: readonly Check[], stop = never) =>
  (await runChecks(checks, stop)).map(({ check, verdict }) => `${check} ${verdict}`);

describe('checks', () => {
  it('are told in their order, whichever ends first', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow: Check = { name: 'slow', run: () => promise.then(() => [pass('at last')]) };
    const quick: Check = {
      name: 'quick',
      run: () => {
        resolve();
        return [pass('one'), warn('two', 'do')];
      },
    };
    expect(await verdicts([slow, quick])).toEqual(['slow PASS', 'quick PASS', 'quick WARN']);
  });

  it('that need one that failed are skipped with its name, and so are those that need them', async () => {
    const findings = await runChecks(
      [
        { name: 'c', needs: ['b'], run: () => [pass('never')] },
        { name: 'a', run: () => [fail('bad', 'do')] },
        { name: 'b', needs: ['a'], run: () => [pass('never')] },
      ],
      never,
    );
    expect(findings.map(({ check, verdict, what }) => [check, verdict, what])).toEqual([
      ['c', 'SKIP', 'not looked at, as b is not in order'],
      ['a', 'FAIL', 'bad'],
      ['b', 'SKIP', 'not looked at, as a is not in order'],
    ]);
  });

  it('go on where one of several results works, and where they only come after one that failed', async () => {
    const checks: Check[] = [
      { name: 'pool', run: () => [fail('one', 'do'), pass('other')] },
      { name: 'next', needs: ['pool'], run: () => [pass('yes')] },
      { name: 'bad', run: () => [fail('bad', 'do')] },
      { name: 'after', after: ['bad'], run: () => [pass('yes')] },
    ];
    expect(await verdicts(checks)).toEqual(['pool FAIL', 'pool PASS', 'next PASS', 'bad FAIL', 'after PASS']);
  });

  it('that take too long or break fail, and no other one with them', async () => {
    const findings = await runChecks(
      [
        { name: 'late', limitMs: 20, run: () => new Promise(() => {}) },
        {
          name: 'broken',
          run: () => {
            throw Object.assign(new Error('secret-text'), { code: 'EODD' });
          },
        },
        { name: 'good', run: () => [pass('yes')] },
      ],
      never,
    );
    expect(findings.map(({ verdict, what }) => `${verdict} ${what}`)).toEqual([
      'FAIL took longer than 0.02 s',
      'FAIL could not be looked at (EODD)',
      'PASS yes',
    ]);
  });

  it('are given up when nobody waits any more', async () => {
    const stop = new AbortController();
    const checks: Check[] = [
      {
        name: 'one',
        run: (signal) => {
          signal.addEventListener('abort', () => {});
          stop.abort();
          return new Promise(() => {});
        },
      },
      { name: 'two', needs: ['one'], run: () => [pass('never')] },
    ];
    expect(await verdicts(checks, stop.signal)).toEqual(['one SKIP', 'two SKIP']);
  });
});
