import pathToRegexp, { type Key } from 'path-to-regexp';
import { slowPath } from './lint/slow-pattern.ts';
import { targetFlaw } from './target.ts';

const ANY_SEGMENT = '[^\\/]+?';
/** What patterns of somebody's own may be meant for. */
const SAMPLES = [
  '1',
  '42',
  'a',
  'abc',
  'main',
  'v1.0',
  'x.y',
  'A-B',
  'a/b',
  'refs/heads/main',
  '0123456789abcdef0123456789abcdef01234567',
  '11111111-2222-4333-8444-555555555555',
];
/** So many texts are tried in one place. */
const MOST = 6;

/** Paths that a pattern matches and no flaw rules out, the plainest first; none where none was found. */
export function examplePaths(pattern: string): string[] {
  if (slowPath(pattern)) return [];
  const options = pathToRegexp
    .parse(pattern)
    .map((token) => (typeof token === 'string' ? [token] : textsFor(token)));
  const regexp = pathToRegexp(pattern);
  const variants = oneAtATime(options).map((parts) => parts.join('') || '/');
  return [...new Set(variants)].filter((path) => targetFlaw(path) === null && regexp.test(path));
}

/** The first of each, then each of the others beside the first of the rest. */
export function oneAtATime<T>(options: readonly (readonly T[])[]): T[][] {
  if (options.some((each) => each.length === 0)) return [];
  const base = options.map((each) => each[0] as T);
  const others = options.flatMap((each, place) => each.slice(1).map((option) => base.with(place, option)));
  return [base, ...others];
}

function textsFor(key: Key): string[] {
  const { prefix } = key;
  if (key.asterisk) {
    const texts = prefix === '' ? ['/src', '', 'x', 'x/y'] : ['x', 'x/y', ''];
    return texts.map((text) => prefix + text);
  }
  const single = key.pattern === ANY_SEGMENT ? [plainName(key.name), '1'] : matching(key.pattern);
  const [first = ''] = single;
  const several = key.repeat ? [`${first}${key.delimiter}${first}`] : [];
  const texts = [...single, ...several].map((text) => prefix + text);
  return key.optional ? [...texts, ''] : texts;
}

/** `:0`, a group without a name, is no name. */
const plainName = (name: string | number): string => (typeof name === 'number' ? 'x' : name);

function matching(pattern: string): string[] {
  const whole = new RegExp(`^(?:${pattern})$`, 'i');
  const written = pattern.split(/[|()]/).map((part) => part.replace(/\\(\W)/g, '$1').replace(/[?+*^$]/g, ''));
  const candidates = [...new Set([...written.filter((text) => !/^\.{0,2}$/.test(text)), ...SAMPLES, ''])];
  return candidates.filter((text) => whole.test(text)).slice(0, MOST);
}
