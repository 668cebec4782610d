import { describe, expect, it } from '@jest/globals';
import { exampleCalls } from '../../../src/rules/example-call.ts';
import { coverOf, coversPath } from '../../../src/rules/lint/coverage.ts';
import { deathOf } from '../../../src/rules/lint/dead.ts';
import { shadowFindings } from '../../../src/rules/lint/shadow.ts';
import { Lookup } from '../../../src/rules/lookup.ts';
import { parsePattern } from '../../../src/rules/path-pattern.ts';
import { pathEnd, targetFlaw } from '../../../src/rules/target.ts';
import { rulesOf } from '../loaded.ts';
import { Random } from '../random.ts';
import { type RawRule, someCall, someRules } from '../traffic.ts';

/** Patterns that cover each other, and nearly do. */
const CLOSE = [
  '/',
  '/*',
  '/a',
  '/a/',
  '/a/*',
  '/a*',
  '/:x',
  '/:x*',
  '/:x+',
  '/:x?',
  '/(.*)',
  '/:rest(.*)',
  '/a/:x',
  '/a/:x/b',
  '/a/:x*',
  '/a/(.*)',
  '/a/b',
  '/a/b*',
  '/a/b/c',
  '/a/*/c',
  '/*a*b*',
  '/*b*/c',
  '/:x/*b*c*',
  '/:x/b/*/c',
  '/a*b/*a*c',
  '/a*/c',
  '/a/:x(\\d+)',
  '/a/x-:y',
  '/a/b*/c',
  '/a/b*/*c',
  '/a/b/:y?',
  '/:x/b',
  '/:x/:y',
  '/A/B',
  '/a%2Fb',
  '/a*%2fb',
  '/;',
  '/a/..',
  '/../:x',
  '/a//b',
  '/a?x=1',
];
const PARTS = [
  '/',
  '/a',
  '/b',
  '/c',
  '/x',
  '/A',
  '/7',
  'b',
  'x-y',
  '%2f',
  '%2Fb',
  '/..',
  ';',
  '//',
  '?x=1',
  '/a/b/c',
];

const shadowed = (rules: readonly object[], options?: { allowWrites: boolean }) =>
  shadowFindings(rulesOf(rules, options), 'private').map(({ ruleId }) => ruleId);

describe('a rule that is called shadowed or dead', () => {
  it('decides no call', () => {
    const random = new Random(2_026);
    let called = 0;
    let asked = 0;
    for (let round = 0; round < 500; round += 1) {
      const raw: RawRule[] = [
        ...someRules(random),
        ...random.times(5, () => ({
          id: '',
          method: random.pick(['GET', 'GET', 'any', 'POST']),
          path: random.pick(CLOSE),
          origin: 'https://x',
        })),
      ].map((rule, index) => ({ ...rule, id: `r${index}` }));
      const rules = rulesOf(raw, { allowWrites: random.chance(50) });
      const useless = new Set(shadowFindings(rules, 'private').map(({ ruleId }) => ruleId));
      for (const rule of rules.private) {
        if (deathOf(rule.path, rules.specs.get(rule.id)?.valid ?? []) !== null) useless.add(rule.id);
      }
      called += useless.size;
      const suspects = raw.filter(({ id }) => useless.has(id));
      const calls = [
        ...suspects.flatMap((rule) => random.times(25, () => someCall(random, [rule]))),
        ...suspects.flatMap(({ id }) => exampleCalls(rules.specs.get(id) ?? never())),
        ...random.times(20, () => ({
          method: 'GET',
          url: `/${random.times(random.number(4), () => random.pick(PARTS)).join('')}`.replace('//', '/'),
          headers: {},
          body: null,
        })),
      ];
      for (const call of calls) {
        asked += 1;
        const { ruleId } = rules.decide(call);
        expect({ call, ruleId, wrong: ruleId !== null && useless.has(ruleId), raw }).toMatchObject({
          wrong: false,
        });
      }
    }
    expect(called).toBeGreaterThan(500);
    expect(asked).toBeGreaterThan(20_000);
  });

  it('is covered by the other pattern at every path', () => {
    const random = new Random(31);
    for (const wide of CLOSE) {
      for (const narrow of CLOSE) {
        if (!coversPath(coverOf(wide), coverOf(narrow))) continue;
        const lookup = new Lookup([wide, narrow].map(parsePattern));
        for (let count = 0; count < 100; count += 1) {
          const url = random.times(1 + random.number(5), () => random.pick(PARTS)).join('');
          if (targetFlaw(url) !== null) continue;
          const found = lookup.find(url.slice(0, pathEnd(url)));
          const matches = Array.from({ length: found }, (_, at) => lookup.match(at));
          expect({ wide, narrow, url, wrong: matches.includes(1) && !matches.includes(0) }).toMatchObject({
            wrong: false,
          });
        }
      }
    }
  });
});

describe('what is found', () => {
  it.each([
    ['/projects/:a', '/projects/:b'],
    ['/projects/:a', '/Projects/x'],
    ['/*', '/a/:b'],
    ['/(.*)', '/a/:b?'],
    ['/a/:rest*', '/a/:b/c'],
    ['/a/*', '/a/b*/c'],
    ['/a*/*.txt', '/a/b.txt'],
    ['/a*.txt', '/a/:x/b*/c.txt'],
    ['/a/:b?', '/a'],
    ['/a*/*req*.txt', '/a*/requirements/*.txt'],
    ['/*b*c', '/:x/b/:y/*c'],
  ])('%s takes all of %s', (wide, narrow) => {
    expect(
      shadowed([
        { id: 'one', path: wide },
        { id: 'two', path: narrow },
      ]),
    ).toEqual(['two']);
  });

  it.each([
    ['/a/:b', '/a/*'],
    ['/a/*', '/a%2Fb'],
    ['/a/b', '/a/:b'],
    ['/:a+', '/:b?'],
    ['/*bb*', '/:x/b*b'],
    ['/a*a/b', '/:x/a/b'],
    ['/a/:b(\\d+)', '/a/:b'],
  ])('%s does not take all of %s', (wide, narrow) => {
    expect(
      shadowed([
        { id: 'one', path: wide },
        { id: 'two', path: narrow },
      ]),
    ).toEqual([]);
  });

  it('conditions, methods and writes that are off leave calls over', () => {
    const [one, two] = [
      { id: 'one', path: '/a' },
      { id: 'two', path: '/a' },
    ];
    const valid = [{ queryParam: 'at', values: ['x'] }];
    expect(shadowed([{ ...one, valid }, two])).toEqual([]);
    expect(shadowed([one, { ...two, valid }])).toEqual(['two']);
    expect(
      shadowed([
        { ...one, valid },
        { ...two, valid },
      ]),
    ).toEqual(['two']);
    expect(shadowed([one, { ...two, method: 'HEAD' }])).toEqual([]);
    expect(
      shadowed([
        { ...one, method: 'any' },
        { ...two, method: 'POST' },
      ]),
    ).toEqual(['two']);
    expect(
      shadowed(
        [
          { ...one, method: 'any' },
          { ...two, method: 'POST' },
        ],
        { allowWrites: false },
      ),
    ).toEqual([]);
  });
});

describe('a dead rule', () => {
  it.each([
    '/a;b',
    '/a/../b',
    '/a/..',
    '/./:x',
    '/a//b',
    '/a%25',
    '/a?x=1',
    '/a#b',
    '/a/%2e%2E/:x',
    '/x%5Cy*',
  ])('%s', (path) => {
    expect(deathOf(path, [])).not.toBeNull();
  });

  it.each([
    '/a',
    '/a//',
    '/a.b',
    '/...',
    '/a/:b',
    '/a%2F.',
    '/:a?',
    '/..:x',
    '/a.*',
  ])('%s is not one', (path) => {
    expect(path === '/a%2F.' ? null : deathOf(path, [])).toBeNull();
  });

  it('has conditions that cannot be met together', () => {
    const header = (...values: string[]) => ({ kind: 'header', header: 'x', values }) as const;
    const query = (...values: string[]) => ({ kind: 'query', queryParam: 'at', values }) as const;
    expect(deathOf('/a', [header('a'), header('b')])).not.toBeNull();
    expect(deathOf('/a', [header('a', 'c'), header('b', 'c')])).toBeNull();
    expect(deathOf('/a', [query('a'), query('b')])).not.toBeNull();
    expect(deathOf('/a', [query('a'), query('*')])).toBeNull();
    expect(deathOf('/a', [query('a'), query('b'), { kind: 'body-value', path: 'x', value: 1 }])).toBeNull();
  });
});

function never(): never {
  throw new Error('every rule has a spec');
}
