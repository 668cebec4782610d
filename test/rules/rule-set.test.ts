import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pathToRegexp from 'path-to-regexp';
import { loadRules } from '../../src/rules/compile.ts';
import type { RuleSet } from '../../src/rules/rule-set.ts';
import { pathEnd, targetFlaw } from '../../src/rules/target.ts';
import type { Verdict } from '../../src/rules/verdict.ts';
import { Random } from './random.ts';
import { someCall, someRules } from './traffic.ts';

const bitbucket = { scheme: 'https', host: 'bitbucket.test' } as const;

function ruleSet(rules: { private?: object[]; public?: object[] }, allowWrites = false): RuleSet {
  const whole = {
    ...rules,
    private: rules.private?.map((rule) => ({ origin: 'https://bitbucket.test', ...rule })) ?? [],
  };
  const loaded = loadRules(JSON.stringify(whole), 'test.json', {
    variable: () => undefined,
    bitbucket,
    allowWrites,
  });
  if (loaded.rules === null) throw new Error(JSON.stringify(loaded.problems));
  return loaded.rules;
}

function decide(
  rules: RuleSet,
  url: string,
  { method = 'GET', headers = {}, body = null as object | null } = {},
): Verdict {
  return rules.decide({
    method,
    url,
    headers,
    body: body === null ? null : Buffer.from(JSON.stringify(body)),
  });
}

describe('a verdict', () => {
  const rules = ruleSet({
    private: [
      { id: 'one', path: '/projects/:key', valid: [{ queryParam: 'at', values: ['main'] }] },
      { id: 'two', path: '/projects/:key', valid: [{ header: 'accept', values: ['a/b'] }] },
      { id: 'three', method: 'POST', path: '/projects/:key/repos' },
      { id: 'four', method: 'any', path: '/any' },
      { id: 'five', method: 'PUT', path: '/kind', valid: [{ path: 'kind', value: 'ok' }] },
      { id: 'six', path: '/browse*%2Ffile' },
    ],
  });

  it('names the rule that allows, and nothing else', () => {
    expect(decide(rules, '/projects/A?at=main')).toEqual({
      allowed: true,
      rule: rules.private[0],
      ruleId: 'one',
      reason: 'allowed',
      nearMisses: [],
    });
  });

  it('costs no new object for an allowed call or one without a rule', () => {
    expect(decide(rules, '/any')).toBe(decide(rules, '/any'));
    expect(decide(rules, '/none')).toBe(decide(rules, '/other'));
  });

  it('passes on to the next rule after a miss', () => {
    expect(decide(rules, '/projects/A', { headers: { accept: 'a/b' } }).ruleId).toBe('two');
  });

  it('tells every near miss, and gives the reason of the first', () => {
    const { allowed, rule, ruleId, reason, nearMisses } = decide(rules, '/projects/A?at=secret-branch');
    expect({ allowed, rule, ruleId, reason }).toEqual({
      allowed: false,
      rule: null,
      ruleId: null,
      reason: 'valid-query',
    });
    expect(nearMisses.map((miss) => [miss.ruleId, miss.aspect])).toEqual([
      ['one', 'query'],
      ['two', 'header'],
    ]);
    expect(JSON.stringify(nearMisses)).not.toContain('secret-branch');
  });

  it('asks no later rule when a parameter can be read in two ways', () => {
    const answer = decide(rules, '/projects/A?at=main&at=x', { headers: { accept: 'a/b' } });
    expect(answer).toMatchObject({ allowed: false, reason: 'valid-query', nearMisses: [{ ruleId: 'one' }] });
  });

  it.each([
    ['/none', {}, 'no-rule'],
    ['/projects', {}, 'no-rule'],
    ['/projects/A/repos', {}, 'method'],
    ['/projects/A/repos', { method: 'post' }, 'method'],
    ['/any', { method: 'TRACE' }, 'method'],
    ['/any', { method: 'CONNECT' }, 'method'],
    ['/projects/A/repos', { method: 'POST' }, 'write-off'],
    ['/any', { method: 'OPTIONS' }, 'write-off'],
    ['/any', { method: 'HEAD' }, 'allowed'],
    ['/kind', { method: 'PUT', body: { kind: 'no' } }, 'valid-body'],
    ['/kind', { method: 'PUT', body: { kind: 'ok' } }, 'write-off'],
    ['/projects/A%2fB', {}, 'encoded-slash'],
    ['/browse/a%2Ffile', {}, 'allowed'],
    ['/browse%2F..%2Ffile', {}, 'dot-segment'],
    ['/projects/A%2f..', {}, 'dot-segment'],
  ])('for %s %j has the reason %s', (url, asked, reason) => {
    expect(decide(rules, url, asked).reason).toBe(reason);
  });

  it('lets writes through only when they are on', () => {
    const writable = ruleSet({ private: [{ id: 'w', method: 'any', path: '/any' }] }, true);
    expect(decide(writable, '/any', { method: 'DELETE' })).toMatchObject({ allowed: true, ruleId: 'w' });
    expect(decide(writable, '/any', { method: 'TRACE' }).reason).toBe('method');
  });
});

describe('public rules', () => {
  const rules = ruleSet({
    private: [{ path: '/private' }],
    public: [{ id: 'hook', method: 'POST', path: '/webhook/:id' }],
  });

  it('are asked apart from private ones, and are no writes to Bitbucket', () => {
    const question = { method: 'POST', url: '/webhook/1', headers: {}, body: null };
    expect(rules.decidePublic(question)).toMatchObject({ allowed: true, ruleId: 'hook' });
    expect(rules.decide(question).reason).toBe('no-rule');
    expect(rules.decidePublic({ ...question, method: 'GET', url: '/private' }).reason).toBe('no-rule');
    expect(rules.decidePublic({ ...question, url: '/webhook/..' }).reason).toBe('dot-segment');
  });
});

describe('known ways past an accept list', () => {
  const rules = ruleSet({
    private: [
      { path: '/:workspace/:repo/commits' },
      { path: '/projects/:project/repos/:repo/browse*/package.json' },
      {
        path: '/repos/:owner/:repo/commits/:ref',
        valid: [{ header: 'accept', values: ['application/vnd.github.v4.sha'] }],
      },
    ],
  });

  it('CVE-2020-7648: a fragment that names an allowed path', () => {
    expect(decide(rules, '/projects/A/repos/B/browse/secret#/package.json').reason).toBe('fragment');
    expect(decide(rules, '/projects/A/repos/B/browse/secret?x#/package.json').reason).toBe('fragment');
  });

  it('CVE-2020-7649: a walk up from an allowed path', () => {
    expect(decide(rules, '/projects/A/repos/B/browse/../../secret/package.json').reason).toBe('dot-segment');
  });

  it('CVE-2020-7651: another media type for an allowed path', () => {
    const sha = { headers: { accept: 'application/vnd.github.v4.sha' } };
    const patch = { headers: { accept: 'application/vnd.github.v4.patch' } };
    expect(decide(rules, '/repos/o/r/commits/main', sha).allowed).toBe(true);
    expect(decide(rules, '/repos/o/r/commits/main', patch).reason).toBe('valid-header');
    expect(decide(rules, '/repos/o/r/commits/main').reason).toBe('valid-header');
  });

  it.each([
    '/%2e%2e/%2e%2e/commits',
    '/%2E./.%2e/commits',
    '/projects/A/repos/B/browse/%2e%2e/%2e%2e/x/package.json',
  ])('%%2e%%2e escape: %s', (url) => {
    expect(decide(rules, url).reason).toBe('dot-segment');
  });

  it.each([
    '/..;/..;/commits',
    '/..;x=1/a/commits',
    '/%2e%2e%3b/a/commits',
    '/a/b;/commits',
  ])('..; escape: %s', (url) => {
    expect(decide(rules, url)).toMatchObject({ allowed: false, rule: null });
    expect(['path-parameter', 'dot-segment']).toContain(decide(rules, url).reason);
  });
});

describe('decide', () => {
  it('decides as a linear scan with path-to-regexp would after the same check of the url', () => {
    let allowed = 0;
    const property = fc.property(fc.integer(), fc.boolean(), (seed, allowWrites) => {
      const random = new Random(seed);
      const raw = someRules(random).map(({ valid: _, ...rule }) => rule);
      const rules = ruleSet({ private: raw }, allowWrites);
      const scan = raw.map(({ path }) => pathToRegexp(path));
      for (let index = 0; index < 25; index += 1) {
        const { method, url } = someCall(random, raw);
        const expected =
          targetFlaw(url) === null
            ? raw.find(
                (rule, at) =>
                  [method, 'ANY'].includes(rule.method.toUpperCase()) &&
                  scan[at]?.test(url.slice(0, pathEnd(url))) &&
                  (!/%2f/i.test(url.slice(0, pathEnd(url))) || /%2f/i.test(rule.path)) &&
                  (allowWrites || method === 'GET' || method === 'HEAD'),
              )
            : undefined;
        expect({ raw, url, ruleId: decide(rules, url, { method }).ruleId }).toEqual({
          raw,
          url,
          ruleId: expected?.id ?? null,
        });
        if (expected !== undefined) allowed += 1;
      }
    });
    fc.assert(property, { numRuns: 400, seed: 12 });
    expect(allowed).toBeGreaterThan(2000);
  });
});
