import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pathToRegexp from 'path-to-regexp';
import { Lookup } from '../../src/rules/lookup.ts';
import { fills, parsePattern } from '../../src/rules/path-pattern.ts';
import { pathEnd, targetFlaw } from '../../src/rules/target.ts';
import { Random } from './random.ts';
import { someCall, someRules } from './traffic.ts';

/** Patterns at the edges of what path-to-regexp 1.9 takes. */
const ODD = [
  '/',
  '/a/',
  '/a//',
  '/a//b',
  '//',
  '/*',
  '/**',
  '/*/',
  '/a*/',
  '/.*',
  '/a.*',
  '/:a/:b?',
  '/:a?/b',
  '/:a-:b',
  '/:a-*',
  '/:a.x*',
  '/:a*b',
  '/:a.:b',
  '/\\:a',
  '/a\\*b',
  '/a?',
  '/a+',
  '/(a|b)/c',
  '/:a(\\w+)*',
  '/:a([^/]+?)',
  '/é',
  '/\u212a',
  '/a/\u0131',
  '/a*%2f',
  '/%2F*%2fa',
  '/*a/b*/',
  '/x*/c/',
  '/:a/*/:b',
  '/-:a',
  '/a*b*a',
  '/ab*ab',
];
const PIECES = [
  '/',
  '/',
  'a',
  'b',
  'A',
  'c',
  '%2f',
  '%2F',
  '.',
  '-',
  '?',
  '*',
  '+',
  ':',
  'k',
  'i',
  'x',
  'ab',
  '(',
  '%C3%A9',
  'a/b',
  '/a/',
];

function matchesOf(lookup: Lookup, path: string): number[] {
  const count = lookup.find(path);
  return Array.from({ length: count }, (_, position) => lookup.match(position));
}

function linear(regexps: readonly RegExp[], path: string): number[] {
  return regexps.flatMap((regexp, index) => (regexp.test(path) ? [index] : []));
}

describe('Lookup', () => {
  it('finds what a linear scan with the expressions of path-to-regexp finds, in the same order', () => {
    let compared = 0;
    let found = 0;
    const property = fc.property(
      fc.integer(),
      fc.array(fc.constantFrom(...ODD), { maxLength: 6 }),
      (seed, odd) => {
        const random = new Random(seed);
        const rules = someRules(random);
        const patterns = [...rules.map(({ path }) => path), ...odd];
        const lookup = new Lookup(patterns.map(parsePattern));
        const regexps = patterns.map((pattern) => pathToRegexp(pattern));
        for (let index = 0; index < 40; index += 1) {
          const url =
            index % 2 === 0
              ? someCall(random, rules).url
              : `/${random.times(random.number(6), () => random.pick(PIECES)).join('')}`;
          if (targetFlaw(url) !== null) continue;
          const path = url.slice(0, pathEnd(url));
          const expected = linear(regexps, path);
          expect({ patterns, path, found: matchesOf(lookup, path) }).toEqual({
            patterns,
            path,
            found: expected,
          });
          compared += 1;
          found += expected.length;
        }
      },
    );
    fc.assert(property, { numRuns: 800, seed: 11 });
    expect(compared).toBeGreaterThan(15_000);
    expect(found).toBeGreaterThan(15_000);
  });

  it('gives the rules of a file in its order, whatever their kind', () => {
    const lookup = new Lookup(['/a/*', '/:x/b', '/a/b', '/a/:y?', '/*/b'].map(parsePattern));
    expect(matchesOf(lookup, '/a/b')).toEqual([0, 1, 2, 3, 4]);
    expect(matchesOf(lookup, '/A/B/')).toEqual([0, 1, 2, 3, 4]);
    expect(matchesOf(lookup, '/c/b')).toEqual([1, 4]);
    expect(matchesOf(lookup, '/a')).toEqual([3]);
    expect(matchesOf(new Lookup([parsePattern('/*/b//')]), '/a/b/')).toEqual([0]);
  });
});

describe('parsePattern', () => {
  it('takes plain segments apart and keeps the rest', () => {
    expect(parsePattern('/Projects/:key/repos/')).toEqual({
      leading: ['projects', null, 'repos'],
      tail: { kind: 'none' },
    });
    expect(parsePattern('/repos/:slug/browse*/Go.mod')).toEqual({
      leading: ['repos', null],
      tail: { kind: 'wildcard', chunks: ['/browse', '/go.mod'] },
    });
    expect(parsePattern('/a/:b?')).toMatchObject({ leading: ['a'], tail: { kind: 'regexp' } });
  });

  it('throws for a group that is not a regular expression', () => {
    expect(() => parsePattern('/:a([)')).toThrow(SyntaxError);
  });
});

describe('fills', () => {
  it('reads a text once, however many wildcards there are', () => {
    const text = `/browse${'/req'.repeat(2000)}`;
    const chunks = ['/browse', '/', 'req', 'req', 'req', '.txt'];
    expect(fills(text, 0, chunks)).toBe(false);
    expect(fills(`${text}.txt/`, 0, chunks)).toBe(true);
  });
});
