import pathToRegexp, { type Key } from 'path-to-regexp';

/** What follows a pattern's plain segments. */
export type Tail =
  | { readonly kind: 'none' }
  /** Literal chunks, lower case, with anything between them; told apart from a regular expression for its linear time. */
  | { readonly kind: 'wildcard'; readonly chunks: readonly string[] }
  | { readonly kind: 'regexp'; readonly regexp: RegExp };

/** A path pattern cut for a look-up by segments. */
export interface PathPattern {
  /** The segments that are a plain literal, in lower case, or a plain `:name`, which is `null`. */
  readonly leading: readonly (string | null)[];
  readonly tail: Tail;
}

/** What path-to-regexp makes of a `:name` without a pattern of its own, in front of which a slash stands. */
const ANY_SEGMENT = '[^\\/]+?';
const PRINTABLE = /^[\x21-\x7e]*$/;

/**
 * Reads a pattern of path-to-regexp 1.9 (case does not count, one slash at the end may be there or not).
 *
 * @throws SyntaxError when a group in it is not a regular expression
 */
export function parsePattern(path: string): PathPattern {
  const regexp = pathToRegexp(path);
  const tokens = pathToRegexp.parse(path);
  const leading: (string | null)[] = [];
  let text = '';
  for (const [index, token] of tokens.entries()) {
    if (typeof token === 'string') {
      text += token;
      continue;
    }
    const whole = token.prefix === '/';
    const rest = takeSegments(text, leading, whole);
    if (rest !== '' || !isPlain(token)) {
      return { leading, tail: wildcard(rest, tokens.slice(index)) ?? { kind: 'regexp', regexp } };
    }
    leading.push(null);
    text = '';
  }
  const rest = takeSegments(text.endsWith('/') ? text.slice(0, -1) : text, leading, true);
  return { leading, tail: rest === '' ? { kind: 'none' } : { kind: 'regexp', regexp } };
}

/** Moves the literal segments of a text to `leading`, the last one only when it is whole; returns what is left. */
function takeSegments(text: string, leading: (string | null)[], whole: boolean): string {
  const [, ...segments] = text.split('/');
  let taken = 0;
  for (const [index, segment] of segments.entries()) {
    if (segment === '' || !PRINTABLE.test(segment) || (!whole && index === segments.length - 1)) break;
    leading.push(segment.toLowerCase());
    taken += segment.length + 1;
  }
  return text.slice(taken);
}

const isPlain = (key: Key): boolean =>
  key.prefix === '/' &&
  !key.optional &&
  !key.repeat &&
  !key.partial &&
  !key.asterisk &&
  key.pattern === ANY_SEGMENT;

function wildcard(rest: string, tokens: readonly (string | Key)[]): Tail | null {
  const chunks: string[] = [];
  let chunk = rest;
  for (const token of tokens) {
    if (typeof token === 'string') {
      chunk += token;
    } else if (token.asterisk) {
      chunks.push(chunk + token.prefix);
      chunk = '';
    } else {
      return null;
    }
  }
  chunks.push(chunk.endsWith('/') ? chunk.slice(0, -1) : chunk);
  return chunks.every((each) => PRINTABLE.test(each))
    ? { kind: 'wildcard', chunks: chunks.map((each) => each.toLowerCase()) }
    : null;
}

/**
 * Whether chunks with anything between them fill a text from `from` to its end, or to the one slash at its end.
 * The text is in lower case. Takes time in proportion to the text.
 */
export function fills(text: string, from: number, chunks: readonly string[]): boolean {
  const first = chunks[0] ?? '';
  const last = chunks.at(-1) ?? '';
  if (!text.startsWith(first, from)) return false;
  let at = from + first.length;
  for (let index = 1; index < chunks.length - 1; index += 1) {
    const chunk = chunks[index] as string;
    const found = text.indexOf(chunk, at);
    if (found < 0) return false;
    at = found + chunk.length;
  }
  const end = text.length - last.length;
  if (at <= end && text.endsWith(last)) return true;
  return text.endsWith('/') && at <= end - 1 && text.startsWith(last, end - 1);
}

/**
 * What all paths that a tail matches have behind their last slash, encoded or not, where it says so in full; `null`: it
 * does not.
 */
export function selectiveEnding(tail: Tail): string | null {
  if (tail.kind !== 'wildcard') return null;
  const last = tail.chunks.at(-1) ?? '';
  return last.endsWith('/') || !/\/|%2f/.test(last) ? null : ending(last);
}

/** What follows the last slash, encoded or not. The text is in lower case. */
export function ending(text: string): string {
  const slash = text.lastIndexOf('/') + 1;
  const encoded = text.lastIndexOf('%2f') + 3;
  return text.slice(encoded > 2 && encoded > slash ? encoded : slash);
}
