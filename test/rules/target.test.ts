import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LONGEST_PATH, LONGEST_URL, pathEnd, type TargetFlaw, targetFlaw } from '../../src/rules/target.ts';

const REFUSED: readonly (readonly [TargetFlaw, readonly string[]])[] = [
  [
    'bad-url',
    ['', 'projects', 'http://host/projects', 'host:80/x', '?x', '*', `/${'a'.repeat(LONGEST_URL)}`],
  ],
  [
    'dot-segment',
    [
      '/.',
      '/..',
      '/a/./b',
      '/a/../b',
      '/a/..',
      '/%2e',
      '/%2E%2e/a',
      '/.%2e/a',
      '/%2e.?q',
      '/a%2f..%2fb',
      '/a%2F.',
    ],
  ],
  ['path-parameter', ['/a;b', '/..;/a', '/a/;x=1/b', '/a%3bb', '/%2e%2e%3B/a', '/a;?q']],
  ['fragment', ['/a#', '/a#/projects', '/#?x', '/a?b#c', '/a?#']],
  ['encoded-percent', ['/%25', '/a%252e%252e/b', '/%252f']],
  ['malformed-percent', ['/%', '/a%2', '/%zz', '/%2g', '/a%/b', '/%e', '/%?41']],
  [
    'invalid-utf8',
    [
      '/%80',
      '/%ff',
      '/%c0%ae',
      '/%C0%AF',
      '/%e0%80%ae',
      '/%ed%a0%80',
      '/%f4%90%80%80',
      '/%f8%88%80%80%ae',
      '/%e2%82',
      '/%c3/%a9',
      '/%c3a',
    ],
  ],
  ['backslash', ['/a\\b', '/..\\a', '/a%5cb', '/%5C..%5c']],
  [
    'control-character',
    [
      '/a b',
      '/a\tb',
      '/\x00',
      '/a%00',
      '/%0d%0a',
      '/%7f',
      '/\x7f',
      '/%c2%80',
      '/a?b c',
      '/a?\x00',
      '/a?\x7f',
      '/a?\r\n',
    ],
  ],
  ['illegal-character', ['/"', '/<', '/>', '/^', '/`', '/{', '/}']],
  ['empty-segment', ['//', '//host/a', '/a//b', '/a//', '/a/%2fb', '/a%2f/b', '/%2fa', '/a%2f%2F']],
  ['non-ascii', ['/é', '/\uff0e\uff0e/a', '/a?é', '/\u2025', '/\ud83d\ude00']],
];

const PASSED = [
  '/',
  '/projects',
  '/projects/',
  '/projects/~me/repos',
  '/a/..foo',
  '/a/.git',
  '/a/...',
  '/a/..../b',
  '/a/%2egit',
  '/a%20b',
  '/%C3%A9',
  '/%e2%82%ac',
  '/%f0%9f%98%80',
  '/a%2Fb',
  '/a%2F',
  '/a/%2e%2e%2e',
  '/[id]',
  '/a|b',
  "/!$&'()*+,:=@_-~",
  '/%23%3f',
  '/a?',
  '/a??',
  '/a?x=../..//%2e%2e;%25%zz\\"<>',
  '/a?x[]=1',
  '/a?%ff%00',
];

describe('targetFlaw', () => {
  it.each(
    REFUSED.flatMap(([reason, urls]) => urls.map((url) => [reason, url] as const)),
  )('is %s for %j', (reason, url) => {
    expect(targetFlaw(url)).toBe(reason);
  });

  it.each(PASSED)('is null for %j', (url) => {
    expect(targetFlaw(url)).toBeNull();
  });

  it('takes a url of the greatest length', () => {
    expect(targetFlaw(`/${'a'.repeat(LONGEST_PATH - 1)}`)).toBeNull();
    expect(targetFlaw(`/${'a'.repeat(LONGEST_PATH)}`)).toBe('bad-url');
    expect(targetFlaw(`/?${'a'.repeat(LONGEST_URL - 2)}`)).toBeNull();
  });
});

const PIECES = [
  '/',
  '/',
  '/',
  'a',
  'B',
  '.',
  '..',
  '%2e',
  '%2E',
  '%2f',
  '%2F',
  '%20',
  '%C3%A9',
  '%e2%82%ac',
  '%c3',
  '%a9',
  '%c0%ae',
  '%25',
  '%',
  '%3b',
  ';',
  '\\',
  '%5c',
  '#',
  '?',
  ' ',
  '\t',
  '%00',
  '\x7f',
  '%7f',
  'é',
  '"',
  '<',
  '^',
  '`',
  '{',
  '}',
  '|',
  '[',
  '~',
  ':',
  '@',
  '&',
  '=',
  '+',
  '%f0%9f%98%80',
  '%ed%a0%80',
] as const;
const urls = fc
  .array(
    fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...PIECES) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 2 }) },
    ),
    { maxLength: 12 },
  )
  .map((pieces) => `/${pieces.join('')}`);

/** What a Java server makes of a path: path parameters cut, decoded as UTF-8, backslashes turned, segments resolved. */
function asJavaReadsIt(path: string): string {
  const bare = path.replace(/;[^/]*/g, '');
  const decoded = new TextDecoder('utf-8', { fatal: true })
    .decode(Uint8Array.from(bytesOf(bare)))
    .replaceAll('\\', '/')
    .replace(/;[^/]*/g, '');
  const kept: string[] = [];
  for (const segment of decoded.split('/').slice(1)) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return `/${kept.join('/')}`.replace(/\/{2,}/g, '/');
}

function bytesOf(path: string): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < path.length; at += 1) {
    const encoded = /^%[0-9a-f]{2}/i.test(path.slice(at, at + 3));
    bytes.push(encoded ? Number.parseInt(path.slice(at + 1, at + 3), 16) : path.charCodeAt(at));
    if (encoded) at += 2;
  }
  return bytes;
}

describe('what passes targetFlaw', () => {
  it('is left alone by a URL parser, byte for byte', () => {
    let passed = 0;
    fc.assert(
      fc.property(urls, (url) => {
        fc.pre(targetFlaw(url) === null);
        passed += 1;
        expect(new URL(`http://host${url}`).pathname).toBe(url.slice(0, pathEnd(url)));
      }),
      { numRuns: 3000, seed: 7, maxSkipsPerRun: 100 },
    );
    expect(passed).toBe(3000);
  });

  it('is left alone by a server that decodes and then resolves', () => {
    fc.assert(
      fc.property(urls, (url) => {
        fc.pre(targetFlaw(url) === null);
        const path = url.slice(0, pathEnd(url));
        expect(asJavaReadsIt(path)).toBe(decodeURIComponent(path));
      }),
      { numRuns: 3000, seed: 8, maxSkipsPerRun: 100 },
    );
  });
});
