import { describe, expect, it } from '@jest/globals';
import { explain } from '../../src/rules/explain.ts';
import { flawPlace } from '../../src/rules/flaw-place.ts';
import { targetFlaw } from '../../src/rules/target.ts';
import { rulesOf } from './loaded.ts';
import { Random } from './random.ts';
import { someCall, someRules } from './traffic.ts';

const ask = (
  url: string,
  more: { method?: string; headers?: Record<string, string>; body?: string } = {},
) => ({
  method: more.method ?? 'GET',
  url,
  headers: more.headers ?? {},
  body: more.body === undefined ? null : Buffer.from(more.body),
});

const rules = rulesOf(
  [
    { id: 'repo', path: '/projects/:key/repos/:slug' },
    { id: 'file', path: '/projects/:key/repos/:slug/browse*/package.json' },
    { id: 'at', path: '/at', valid: [{ queryParam: 'at', values: ['refs/heads/*'] }] },
    { id: 'kind', path: '/kind', valid: [{ header: 'x-kind', values: ['a'] }] },
    { id: 'state', method: 'POST', path: '/state', valid: [{ path: 'pull.state', value: 'open' }] },
    { id: 'off', method: 'DELETE', path: '/off' },
  ],
  { allowWrites: false, public: [{ id: 'hook', method: 'POST', path: '/webhook/bitbucket-server/:id' }] },
);
const first = (...call: Parameters<typeof ask>) => explain(rules, ask(...call)).nearMisses[0];

describe('explain', () => {
  it('says what decide says, for any call', () => {
    const random = new Random(4711);
    const reasons = new Set<string>();
    for (let round = 0; round < 400; round += 1) {
      const raw = someRules(random);
      const set = rulesOf(raw, { allowWrites: random.chance(50) });
      for (let index = 0; index < 30; index += 1) {
        const call = someCall(random, raw);
        const [told, decided] = [explain(set, call), set.decide(call)];
        const essence = ({ allowed, rule, ruleId, reason }: typeof told) => ({
          allowed,
          rule,
          ruleId,
          reason,
        });
        expect(essence(told)).toEqual(essence(decided));
        expect(told.nearMisses.length > 0).toBe(!told.allowed);
        expect(told.nearMisses.length).toBeLessThanOrEqual(5);
        reasons.add(told.reason);
      }
    }
    expect(reasons.size).toBeGreaterThan(12);
  });

  it.each([
    [
      '/projects/K/repo/s',
      { ruleId: 'repo', aspect: 'path', detail: 'segment 3 of the path must be "repos"' },
    ],
    [
      '/projects/K/repos',
      { ruleId: 'repo', aspect: 'path', detail: "the rule's path has 4 segments, the call's 3" },
    ],
    [
      '/projects/K/repos/s/browse/secret.txt',
      {
        ruleId: 'file',
        aspect: 'path',
        detail: 'from segment 5 on, the path must fit "/browse*/package.json"',
      },
    ],
    [
      '/at?at=x',
      { ruleId: 'at', aspect: 'query', detail: 'query parameter "at" matches none of "refs/heads/*"' },
    ],
    ['/kind', { ruleId: 'kind', aspect: 'header', detail: expect.stringContaining('"x-kind"') }],
    [
      '/projects/K/repos/a%2Fb',
      {
        ruleId: 'repo',
        aspect: 'encoding',
        detail: expect.stringMatching(/the rule has none: at character 20 of the url$/),
      },
    ],
    [
      '/projects/../repos',
      {
        ruleId: 'repo',
        aspect: 'encoding',
        detail: expect.stringMatching(/^dot-segment at character 11 of the url/),
      },
    ],
  ])('names the nearest rule for GET %s and what it missed', (url, expected) => {
    expect(first(url)).toEqual(expected);
  });

  it('names methods, bodies and writes that are off', () => {
    expect(first('/at', { method: 'PUT' })).toEqual({
      ruleId: 'at',
      aspect: 'method',
      detail: 'the method must be GET',
    });
    expect(first('/state', { method: 'POST', body: '{"pull":{"state":"x"}}' })).toMatchObject({
      ruleId: 'state',
      aspect: 'body',
      detail: expect.stringContaining('pull.state'),
    });
    expect(first('/off', { method: 'DELETE' })).toMatchObject({ ruleId: 'off', aspect: 'write' });
  });

  it('never repeats the call', () => {
    const { nearMisses } = explain(rules, ask('/projects/canary/repos/canary/canary?at=canary'));
    expect(nearMisses.length).toBeGreaterThan(0);
    expect(JSON.stringify(nearMisses)).not.toContain('canary');
  });

  it('knows the rules for webhooks', () => {
    const call = ask('/webhook/bitbucket-server/1', { method: 'POST' });
    expect(explain(rules, call, 'public')).toMatchObject({ allowed: true, ruleId: 'hook' });
    expect(explain(rules, { ...call, method: 'GET' }, 'public').nearMisses[0]).toMatchObject({
      aspect: 'method',
    });
  });
});

describe('the place of a flaw', () => {
  it('is inside the url, and what stands there is what is wrong', () => {
    const random = new Random(99);
    const seen = new Set<string>();
    for (let round = 0; round < 20_000; round += 1) {
      const { url } = someCall(random, [{ id: 'x', method: 'GET', path: '/projects/:key', origin: '' }]);
      const place = flawPlace(url);
      expect(place?.flaw ?? null).toBe(targetFlaw(url));
      if (place === null || place.flaw === 'bad-url') continue;
      seen.add(place.flaw);
      expect({ url, at: place.at, before: targetFlaw(url.slice(0, place.at)) === place.flaw }).toEqual({
        url,
        at: expect.any(Number),
        before: false,
      });
      expect(place.at).toBeGreaterThanOrEqual(0);
      expect(place.at).toBeLessThan(url.length);
    }
    expect(seen.size).toBeGreaterThan(9);
  });
});
