import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { RecentCalls } from '../../src/agent/recent-calls.ts';
import type { CallRecord } from '../../src/call.ts';

const call = (path: string, ruleId: string | null = 'a-rule'): CallRecord => ({
  requestId: null,
  method: 'GET',
  path,
  allowed: ruleId !== null,
  ruleId,
  reason: ruleId === null ? 'no-rule' : 'allowed',
  status: 200,
  bytes: 0,
  ms: 1,
});

describe('recent calls', () => {
  it('are the newest 200, newest first, with road and time', () => {
    let time = 0;
    const recent = new RecentCalls(() => (time += 1));
    expect(recent.newest()).toEqual([]);
    for (let number = 1; number <= 450; number += 1) recent.listener('tunnel', call(`/${number}`));
    const newest = recent.newest();
    expect(newest).toHaveLength(200);
    expect(newest.at(0)).toMatchObject({ path: '/450', at: 450, road: 'tunnel' });
    expect(newest.at(-1)).toMatchObject({ path: '/251', at: 251 });
  });

  it("keep the calls of others while the agent's own come by the thousand", () => {
    let time = 0;
    const recent = new RecentCalls(() => (time += 1));
    recent.listener('tunnel', call('/asked-by-snyk'));
    for (let number = 1; number <= 1_000; number += 1) recent.listener('inventory', call(`/${number}`));
    recent.listener('webhook', call('/event'));
    const paths = recent.newest().map(({ path }) => path);
    expect(paths).toHaveLength(52);
    expect([paths.at(0), paths.at(1), paths.at(-1)]).toEqual(['/event', '/1000', '/asked-by-snyk']);
  });

  it('are not pushed out by strangers, of whom the newest 20 are kept', () => {
    let time = 0;
    const recent = new RecentCalls(() => (time += 1));
    recent.listener('http-relay', call('/asked-with-the-token'));
    recent.listener('http-relay', { ...call('/refused-with-the-token', null), reason: 'no-rule' });
    recent.listener('tunnel', { ...call('/refused-to-snyk', null), reason: 'method' });
    recent.listener('webhook', call('/event'));
    for (let number = 1; number <= 1_000; number += 1) {
      recent.listener('http-relay', { ...call(`/${number}`, null), reason: 'UNAUTHORIZED', status: 401 });
      recent.listener('webhook', { ...call(`/webhook/${number}`, null), reason: 'signature-wrong' });
    }
    const paths = recent.newest().map(({ path }) => path);
    expect(paths).toHaveLength(24);
    expect(paths.slice(0, 2)).toEqual(['/webhook/1000', '/1000']);
    expect(paths.slice(-4)).toEqual([
      '/event',
      '/refused-to-snyk',
      '/refused-with-the-token',
      '/asked-with-the-token',
    ]);
  });

  it('count the hits of rules, and nothing for calls that no rule allowed', () => {
    let time = 0;
    const recent = new RecentCalls(() => (time += 1));
    recent.listener('tunnel', call('/one', 'one'));
    recent.listener('webhook', call('/two', 'two'));
    recent.listener('http-relay', call('/one', 'one'));
    recent.listener('tunnel', call('/none', null));
    expect([...recent.hits]).toEqual([
      ['one', { hits: 2, lastAt: 3 }],
      ['two', { hits: 1, lastAt: 2 }],
    ]);
  });

  it('hold nothing of a call but what they show: neither its query nor the URL that its path was cut from', () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const recent = new RecentCalls();
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let number = 0; number < 20; number += 1) {
      const url = String(JSON.parse(`"${`/${number}`.repeat(2_000_000)}"`));
      recent.listener('tunnel', { ...call(url.slice(0, 500), null), query: url.slice(500, 2_500) });
    }
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
    const kept = recent.newest().map((one) => [one.path.length, 'query' in one]);
    expect(kept).toEqual(Array.from({ length: 20 }, () => [500, false]));
  });
});
