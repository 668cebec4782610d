import pathToRegexp, { type Key } from 'path-to-regexp';
import { type PathPattern, parsePattern } from '../path-pattern.ts';

const ANY_SEGMENT = '[^\\/]+?';

/**
 * Whether every path without a flaw that pattern `narrow` matches is matched by `wide` too. `false` also means: cannot
 * be told. The cases that are told: the same text; a pattern without placeholders; plain segments; and a wide pattern
 * that ends in one wildcard.
 */
export function coversPath(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  const [outer, inner] = [parsePattern(wide), parsePattern(narrow)];
  const literal = literalPaths(inner);
  if (literal !== null) {
    const regexp = pathToRegexp(wide);
    return literal.every((path) => regexp.test(path));
  }
  const depth = outer.leading.length;
  if (depth > inner.leading.length || !segmentsCovered(outer, inner)) return false;
  if (outer.tail.kind === 'none') return inner.tail.kind === 'none' && depth === inner.leading.length;
  const ends = wildcardEnds(wide, outer);
  if (ends === null) return false;
  const { prefix, suffix } = fixedEnds(inner, depth);
  return prefix.startsWith(ends.first) && suffix.endsWith(ends.last);
}

/** The two paths, in lower case, that a pattern without placeholders matches; `null` when it has some. */
function literalPaths({ leading, tail }: PathPattern): string[] | null {
  if (tail.kind !== 'none' || leading.includes(null)) return null;
  const path = leading.map((segment) => `/${segment}`).join('');
  return path === '' ? ['/'] : [path, `${path}/`];
}

const segmentsCovered = (outer: PathPattern, inner: PathPattern): boolean =>
  outer.leading.every((segment, at) => segment === null || segment === inner.leading[at]);

/** What stands before and behind the one wildcard that makes up all of a pattern's tail. */
function wildcardEnds(
  pattern: string,
  { leading, tail }: PathPattern,
): { first: string; last: string } | null {
  if (tail.kind === 'wildcard') {
    const [first = '', last = '', ...more] = tail.chunks;
    return more.length === 0 ? { first, last } : null;
  }
  const tokens = pathToRegexp.parse(pattern);
  const key = tokens.at(-1);
  if (typeof key !== 'object' || key.prefix !== '/' || key.partial) return null;
  if (!sameSegments(tokens.slice(0, -1), leading)) return null;
  if (key.pattern === '.*' && !key.repeat) return { first: key.optional ? '' : '/', last: '' };
  return key.pattern === ANY_SEGMENT && key.repeat && key.optional ? { first: '', last: '' } : null;
}

/** Whether these tokens are the leading segments, and nothing else. */
function sameSegments(tokens: readonly (string | Key)[], leading: readonly (string | null)[]): boolean {
  const text = tokens.map((token) => (typeof token === 'string' ? token : `${token.prefix}\0`)).join('');
  return text.toLowerCase() === leading.map((segment) => `/${segment ?? '\0'}`).join('');
}

/** With what the rest of every path begins and ends that a pattern matches, behind so many segments. */
function fixedEnds({ leading, tail }: PathPattern, depth: number): { prefix: string; suffix: string } {
  const rest = leading.slice(depth);
  const open = rest.indexOf(null);
  const literal = (open < 0 ? rest : rest.slice(0, open)).map((segment) => `/${segment}`).join('');
  const chunks = tail.kind === 'wildcard' ? tail.chunks : [];
  const behind = open >= 0 ? '/' : rest.length === 0 && depth === 0 ? startOf(chunks) : (chunks[0] ?? '');
  return { prefix: literal + behind, suffix: chunks.at(-1) ?? '' };
}

/** A path starts with a slash, whatever the pattern says. */
const startOf = (chunks: readonly string[]): string => chunks[0] || '/';
