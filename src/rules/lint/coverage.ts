import pathToRegexp, { type Key } from 'path-to-regexp';
import { type PathPattern, parsePattern } from '../path-pattern.ts';
import { slowPath } from './slow-pattern.ts';

const ANY_SEGMENT = '[^\\/]+?';

/** A path pattern, read to be compared with others. */
export interface Cover {
  readonly path: string;
  readonly pattern: PathPattern;
  readonly regexp: RegExp;
  /** The paths it matches, in lower case, when it has no placeholder. */
  readonly literal: readonly string[] | null;
  /** Its tail, when that is literal chunks with anything between them. */
  readonly chunks: readonly string[] | null;
  /** Matching with it may take very long. */
  readonly slow: boolean;
}

/** Reads a pattern once, for many comparisons. */
export function coverOf(path: string): Cover {
  const pattern = parsePattern(path);
  return {
    path,
    pattern,
    regexp: pathToRegexp(path),
    literal: literalPaths(pattern),
    chunks: wildcardChunks(path, pattern),
    slow: slowPath(path),
  };
}

/**
 * Whether every path without a flaw that pattern `narrow` matches is matched by `wide` too. `false` also means: cannot
 * be told. The cases that are told: the same text; a pattern without placeholders; plain segments; and a wide pattern
 * of plain segments with wildcards behind them.
 */
export function coversPath(wide: Cover, narrow: Cover): boolean {
  if (wide.path === narrow.path) return true;
  if (wide.slow) return false;
  if (narrow.literal !== null) return narrow.literal.every((path) => wide.regexp.test(path));
  const [outer, inner] = [wide.pattern, narrow.pattern];
  const depth = outer.leading.length;
  if (depth > inner.leading.length || !segmentsCovered(outer, inner)) return false;
  if (outer.tail.kind === 'none') return inner.tail.kind === 'none' && depth === inner.leading.length;
  return wide.chunks !== null && fillsPieces(fixedPieces(inner, depth), wide.chunks);
}

/** The two paths, in lower case, that a pattern without placeholders matches; `null` when it has some. */
function literalPaths({ leading, tail }: PathPattern): string[] | null {
  if (tail.kind !== 'none' || leading.includes(null)) return null;
  const path = leading.map((segment) => `/${segment}`).join('');
  return path === '' ? ['/'] : [path, `${path}/`];
}

const segmentsCovered = (outer: PathPattern, inner: PathPattern): boolean =>
  outer.leading.every((segment, at) => segment === null || segment === inner.leading[at]);

/** A tail as literal chunks with anything between them; `null` when it is not of that kind. */
function wildcardChunks(pattern: string, { leading, tail }: PathPattern): readonly string[] | null {
  if (tail.kind === 'wildcard') return tail.chunks;
  const tokens = pathToRegexp.parse(pattern);
  const key = tokens.at(-1);
  if (typeof key !== 'object' || key.prefix !== '/' || key.partial) return null;
  if (!sameSegments(tokens.slice(0, -1), leading)) return null;
  if (key.pattern === '.*' && !key.repeat) return [key.optional ? '' : '/', ''];
  return key.pattern === ANY_SEGMENT && key.repeat && key.optional ? ['', ''] : null;
}

/** Whether these tokens are the leading segments, and nothing else. */
function sameSegments(tokens: readonly (string | Key)[], leading: readonly (string | null)[]): boolean {
  const text = tokens.map((token) => (typeof token === 'string' ? token : `${token.prefix}\0`)).join('');
  return text.toLowerCase() === leading.map((segment) => `/${segment ?? '\0'}`).join('');
}

/**
 * The literal pieces, in order, of the rest of every path that a pattern matches, behind so many segments. The rest begins
 * with the first and ends with the last; between two there may be anything.
 */
function fixedPieces({ leading, tail }: PathPattern, depth: number): readonly string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const segment of leading.slice(depth)) {
    piece += `/${segment ?? ''}`;
    if (segment !== null) continue;
    pieces.push(piece);
    piece = '';
  }
  if (tail.kind === 'wildcard') {
    const [first = '', ...others] = tail.chunks;
    return [...pieces, piece + first, ...others];
  }
  if (tail.kind === 'none') return [...pieces, piece];
  // A path starts with a slash, whatever its pattern says.
  return [...pieces, piece === '' && depth === 0 && pieces.length === 0 ? '/' : piece, ''];
}

/** Whether chunks with anything between them fill all that has these pieces. */
function fillsPieces(pieces: readonly string[], chunks: readonly string[]): boolean {
  const [first = '', ...others] = chunks;
  const last = others.pop() ?? '';
  if (pieces[0]?.startsWith(first) !== true || pieces.at(-1)?.endsWith(last) !== true) return false;
  let index = 0;
  let from = first.length;
  const end = (at: number) => (pieces[at] ?? '').length - (at === pieces.length - 1 ? last.length : 0);
  for (const chunk of others) {
    let found = -1;
    for (; index < pieces.length; index += 1, from = 0) {
      found = (pieces[index] ?? '').slice(0, end(index)).indexOf(chunk, from);
      if (found >= 0) break;
    }
    if (found < 0) return false;
    from = found + chunk.length;
  }
  return index < pieces.length - 1 || from <= end(index);
}
