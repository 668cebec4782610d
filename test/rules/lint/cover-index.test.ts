import { describe, expect, it } from '@jest/globals';
import { CoverIndex } from '../../../src/rules/lint/cover-index.ts';
import { type Cover, coverOf, coversPath } from '../../../src/rules/lint/coverage.ts';
import { deathOf } from '../../../src/rules/lint/dead.ts';
import { Random } from '../random.ts';
import { someRules } from '../traffic.ts';

/** Pieces whose compositions cover each other often. */
const PIECES = [
  ...['/a', '/b', '/A', '/c.json', '/:x', '/:y', '/:x?', '/:x*', '/:x+', '/:x(\\d+)', '/(.*)', '/:x(\\S+)*'],
  ...['*', '/*', '*/c.json', '*%2Fc.json', '/*.json', '*c*/a', '%2Fa', '*%2F', '/a-:x'],
];

const manyCovers = (random: Random): Cover[] => [
  ...someRules(random).map(({ path }) => coverOf(path)),
  ...random.times(30, () =>
    coverOf(`/${random.times(random.number(4), () => random.pick(PIECES)).join('')}`),
  ),
  ...['/', '/*', '/(.*)', '/:rest(.*)', '/:a*'].map((path) => coverOf(path)),
];

describe('the index of patterns', () => {
  it('picks every pattern that covers one, in the order of the file', () => {
    const random = new Random(6);
    let pairs = 0;
    for (let round = 0; round < 300; round += 1) {
      const covers = manyCovers(random).map(({ path }) => coverOf(path.replace('//', '/')));
      const index = new CoverIndex(covers);
      for (const narrow of covers.filter(({ path }) => deathOf(path, []) === null)) {
        const picked = index.candidates(narrow);
        const all = [...covers.keys()].filter((at) => coversPath(covers[at] as Cover, narrow));
        pairs += all.length;
        const found = picked.filter((at) => coversPath(covers[at] as Cover, narrow));
        expect({ narrow: narrow.path, found }).toEqual({ narrow: narrow.path, found: all });
      }
    }
    expect(pairs).toBeGreaterThan(30_000);
  });

  it.each([
    ['plain', (at: number) => `/rest/api/1.0/projects/:projectKey/repos/:slug/part-${at}`],
    ['plain, of their own kinds', (at: number) => `/rest/plugin-${at}/1.0/:name`],
    ['for files', (at: number) => `/projects/:projectKey/repos/:slug/browse*/file-${at}.json`],
    ['for files, encoded', (at: number) => `/projects/:projectKey/repos/:slug/browse*%2Ffile-${at}.json`],
    ['of regular expressions', (at: number) => `/projects/:projectKey/repos/:slug/files/:path(\\d+${at})`],
  ])('compares a pattern with one of 1,000 others that are %s', (_, path) => {
    const covers = Array.from({ length: 1_000 }, (_each, at) => coverOf(path(at)));
    const index = new CoverIndex(covers);
    for (const [at, cover] of covers.entries()) expect(index.candidates(cover)).toEqual([at]);
  });
});
