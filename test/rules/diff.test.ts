import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { diff } from '../../src/rules/diff.ts';
import { rulesOf } from './loaded.ts';
import { Random } from './random.ts';
import { someRules } from './traffic.ts';

const A = { id: 'a', path: '/a' };
const B = { id: 'b', path: '/b' };
const NOTHING = { newlyAllowed: [], newlyRefused: [], changed: [], withoutEffect: [] };
const between = (before: readonly object[], after: readonly object[]) =>
  diff(rulesOf(before), rulesOf(after));
const calls = (changes: readonly { example: { method: string; url: string } }[]) =>
  changes.map(({ example }) => `${example.method} ${example.url}`);

describe('diff', () => {
  it('is empty for the same rules in another order, under other names', () => {
    expect(
      between(
        [A, B],
        [
          { ...B, id: 'x' },
          { ...A, purpose: 'p' },
        ],
      ),
    ).toEqual(NOTHING);
  });

  it('tells what is newly allowed and newly refused, with a call and the rules', () => {
    const found = between([A], [B]);
    expect(calls(found.newlyAllowed)).toEqual(['GET /b']);
    expect(calls(found.newlyRefused)).toEqual(['GET /a']);
    expect(found.newlyAllowed[0]).toMatchObject({
      write: false,
      before: { reason: 'no-rule', ruleId: null },
      after: { reason: 'allowed', ruleId: 'b', where: expect.stringContaining('private rule 1') },
    });
  });

  it.each([
    ['a method', { method: 'POST' }, 'POST /a', true],
    ['any method', { method: 'any' }, 'HEAD /a', false],
    ['a wider path', { path: '/a/:x?' }, 'GET /a/x', false],
    ['everything below', { path: '/a*' }, 'GET /a/src', false],
  ])('sees %s', (_what, change, call, write) => {
    const found = between([A], [A, { ...A, ...change, id: 'new' }]).newlyAllowed;
    expect(calls(found)).toContain(call);
    expect(found.find(({ example }) => `${example.method} ${example.url}` === call)?.write).toBe(write);
  });

  it('sees that a condition goes which a call without it meets', () => {
    const narrow = { ...A, valid: [{ queryParam: 'at', values: ['', 'main'] }] };
    expect(calls(between([narrow], [A]).newlyAllowed)).toEqual(['GET /a?at=zz']);
    const other = { ...A, valid: [{ queryParam: 'q', values: ['main'] }] };
    expect(calls(between([narrow], [other]).newlyAllowed)).toEqual(['GET /a?q=main&at=zz']);
    expect(calls(between([{ path: '/b' }], [{ path: '/(.*)/b/(.*)' }]).newlyAllowed)).toEqual(['GET /1/b/1']);
  });

  it('marks an added rule of which it cannot be told that it allows nothing new', () => {
    const unclear = (before: object[], after: object[]) =>
      between(before, after).withoutEffect.flatMap((rule) => (rule.unclear ? [rule.ruleId] : []));
    const odd = { id: 'odd', path: '/a/:x(\\d{7})' };
    expect(unclear([A], [A, odd])).toEqual(['odd']);
    expect(unclear([{ id: 'wide', path: '/a/:x' }], [odd])).toEqual(['odd']);
    const renamed = [{ path: '/a/:key' }, { path: '/a/:projectKey' }] as const;
    expect(unclear([renamed[0]], [renamed[1]])).toEqual([]);
    expect(unclear([A], [A, { ...odd, path: '/a;b' }])).toEqual([]);
    expect(unclear([odd], [{ ...odd, id: 'else', origin: 'https://other.test' }])).toEqual(['else']);
  });

  it('sees conditions that come, go and widen', () => {
    const narrow = { ...A, valid: [{ queryParam: 'at', values: ['refs/heads/*'] }] };
    const wide = { ...A, valid: [{ queryParam: 'at', values: ['refs/**'] }] };
    expect(calls(between([narrow], [A]).newlyAllowed)).toEqual(['GET /a']);
    expect(calls(between([A], [narrow]).newlyRefused)).toEqual(['GET /a']);
    expect(calls(between([narrow], [wide]).newlyAllowed)).toEqual(['GET /a?at=refs/a/b']);
  });

  it('sees where a call goes and with which login, and shows no secret', () => {
    const login = (token: string) => ({ ...A, auth: { scheme: 'bearer', token } });
    expect(between([A], [{ ...A, origin: 'https://other.test' }]).changed[0]?.otherwise).toEqual([
      'goes elsewhere: https://bitbucket.test/rest/api/1.0 → https://other.test',
    ]);
    const found = between([login('canary-1')], [login('canary-2')]);
    expect(found.changed[0]?.otherwise).toEqual([expect.stringContaining('another login')]);
    expect(JSON.stringify(found)).not.toContain('canary');
  });

  it('a new rule in front may send calls elsewhere', () => {
    const found = between(
      [{ ...A, path: '/a/:x' }],
      [
        { id: 'n', path: '/a/b', origin: 'https://o.test' },
        { ...A, path: '/a/:x' },
      ],
    );
    expect(calls(found.changed)).toEqual(['GET /a/b']);
  });

  it('names rules without any effect', () => {
    const found = between([A], [A, { ...A, id: 'again', purpose: 'p', auth: { scheme: 'bitbucket' } }]);
    expect(found).toEqual({
      ...NOTHING,
      withoutEffect: [
        {
          ruleId: 'again',
          where: expect.stringContaining('rule 2'),
          what: 'added',
          writesOff: false,
          unclear: false,
        },
      ],
    });
  });

  it('webhooks are compared too, and are no writes', () => {
    const set = (list: readonly object[]) => rulesOf([], { public: list });
    const hook = { id: 'h', method: 'POST', path: '/webhook/bitbucket-server/:id' };
    const [found, ...more] = diff(set([]), set([hook])).newlyAllowed;
    expect(more).toEqual([]);
    expect(found).toMatchObject({ list: 'public', write: false, after: { ruleId: 'h' } });
  });

  it('tells only calls that both rule sets really decide as told', () => {
    const random = new Random(77);
    let told = 0;
    for (let round = 0; round < 200; round += 1) {
      const [one, other] = [rulesOf(someRules(random)), rulesOf(someRules(random))];
      const { newlyAllowed, newlyRefused } = diff(one, other);
      for (const { example } of newlyAllowed)
        expect([one, other].map((set) => set.decide(example).allowed)).toEqual([false, true]);
      for (const { example } of newlyRefused)
        expect([one, other].map((set) => set.decide(example).allowed)).toEqual([true, false]);
      told += newlyAllowed.length + newlyRefused.length;
      expect(diff(one, one)).toEqual(NOTHING);
    }
    expect(told).toBeGreaterThan(500);
  });

  it('tells of lists of 1,000 rules, with conditions, what is other', () => {
    const list = (mark: string) =>
      Array.from({ length: 1_000 }, (_, at) => ({
        id: `r${at}`,
        path: `/projects/:key/repos/:slug/${at % 2 === 0 ? mark : ''}part-${at}`,
        valid: [{ queryParam: 'at', values: [`branch-${at}`] }],
      }));
    const found = between(list('old-'), list('new-'));
    expect(found.newlyAllowed).toHaveLength(500);
    expect(found.newlyRefused).toHaveLength(500);
    expect(found).toMatchObject({ changed: [], withoutEffect: [] });
  });

  it('shows every rule of the official list, but for the two that an earlier one takes all of', () => {
    const client = dirname(createRequire(import.meta.url).resolve('snyk-broker/package.json'));
    const sample = join(client, 'dist/client-templates/bitbucket-server/accept.json.sample');
    const official = rulesOf(readFileSync(sample, 'utf8'));
    const found = diff(rulesOf([]), official);
    const named = new Set([...found.newlyAllowed.map(({ after }) => after.ruleId)]);
    expect(official.private.filter(({ id }) => !named.has(id)).map(({ path }) => path)).toEqual([
      '/projects/:project/repos/:repo/browse*/requirements/*.txt',
      '/projects/:project/repos/:repo/browse*%2Frequirements%2F*.txt',
    ]);
    expect(found.newlyAllowed.filter(({ write }) => write)).toHaveLength(17);
  });
});
