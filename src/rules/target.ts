/**
 * Why a url is refused before any rule is looked at: it could mean one thing here and another at the far end.
 * Nothing is ever rewritten. In the path:
 * `bad-url`: empty, not starting with `/`, over {@link LONGEST_URL} characters, or over {@link LONGEST_PATH} in its path. `dot-segment`: a whole segment `.` or `..`.
 * `path-parameter`: `;`. `backslash`: `\`. `control-character`: 0x00-0x1F, 0x7F, a raw space, U+0080-U+009F.
 * `empty-segment`: `//`. All of these in every encoding, where `%2f` ends a segment too.
 * `encoded-percent`: `%25`. `malformed-percent`: `%` without two hexadecimal digits. `invalid-utf8`: what is encoded is not UTF-8.
 * `illegal-character`: raw `"`, `<`, `>`, `^`, `` ` ``, `{`, `}`, which URL parsers rewrite.
 * In path and query: `fragment`: a raw `#`; `non-ascii`: a raw character over 0x7E; raw control characters and spaces.
 */
export type TargetFlaw =
  | 'bad-url'
  | 'dot-segment'
  | 'path-parameter'
  | 'fragment'
  | 'encoded-percent'
  | 'malformed-percent'
  | 'invalid-utf8'
  | 'backslash'
  | 'control-character'
  | 'illegal-character'
  | 'empty-segment'
  | 'non-ascii';

/** The longest url that is looked at, in characters: what Tomcat, under Bitbucket, takes for a whole request head. */
export const LONGEST_URL = 8192;
/** The longest path: patterns with several wildcards take time that grows with a power of it. */
export const LONGEST_PATH = 2048;

const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;

const RAW = flawsByCode({ raw: true });
const ENCODED = flawsByCode({ raw: false });

/** What is wrong with a url as it came, or `null`. One pass, nothing allocated. */
export function targetFlaw(url: string): TargetFlaw | null {
  if (url.length === 0 || url.length > LONGEST_URL || url.charCodeAt(0) !== SLASH) return 'bad-url';
  const end = pathEnd(url);
  if (end > LONGEST_PATH) return 'bad-url';
  return pathFlaw(url, end) ?? queryFlaw(url, end);
}

/** Where the path ends: the place of the first `?`, or the length of the url. */
export function pathEnd(url: string): number {
  const mark = url.indexOf('?');
  return mark < 0 ? url.length : mark;
}

function pathFlaw(url: string, end: number): TargetFlaw | null {
  let length = 0;
  let dots = 0;
  for (let at = 1; at < end; at += 1) {
    let code = url.charCodeAt(at);
    if (code === PERCENT) {
      code = encodedByte(url, at, end);
      if (code < 0) return 'malformed-percent';
      if (code > 0x7f) {
        const width = sequenceWidth(url, at, end, code);
        if (width === 0) return 'invalid-utf8';
        if (code === 0xc2 && encodedByte(url, at + 3, end) < 0xa0) return 'control-character';
        at += width * 3 - 1;
        length += 1;
        continue;
      }
      const flaw = ENCODED[code];
      if (flaw != null) return flaw;
      at += 2;
    } else {
      if (code > 0x7f) return 'non-ascii';
      const flaw = RAW[code];
      if (flaw != null) return flaw;
    }
    if (code === SLASH) {
      if (length === 0) return 'empty-segment';
      if (length === dots && length < 3) return 'dot-segment';
      length = 0;
      dots = 0;
    } else {
      length += 1;
      if (code === DOT) dots += 1;
    }
  }
  return length > 0 && length === dots && length < 3 ? 'dot-segment' : null;
}

function queryFlaw(url: string, from: number): TargetFlaw | null {
  for (let at = from; at < url.length; at += 1) {
    const code = url.charCodeAt(at);
    if (code <= 0x20 || code === 0x7f) return 'control-character';
    if (code === 0x23) return 'fragment';
    if (code > 0x7f) return 'non-ascii';
  }
  return null;
}

/** The byte that `%XY` at this place stands for; -1 when it is not one. */
function encodedByte(url: string, at: number, end: number): number {
  if (at + 2 >= end || url.charCodeAt(at) !== PERCENT) return -1;
  const high = hexDigit(url.charCodeAt(at + 1));
  const low = hexDigit(url.charCodeAt(at + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** How many encoded bytes the UTF-8 sequence has that starts here (RFC 3629, so no overlong forms); 0: not one. */
function sequenceWidth(url: string, at: number, end: number, lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const width = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  let low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  let high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  for (let index = 1; index < width; index += 1) {
    const byte = encodedByte(url, at + index * 3, end);
    if (byte < low || byte > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return width;
}

function flawsByCode({ raw }: { raw: boolean }): readonly (TargetFlaw | null)[] {
  const flaws = new Array<TargetFlaw | null>(0x80).fill(null);
  for (let code = 0; code < 0x20; code += 1) flaws[code] = 'control-character';
  flaws[0x7f] = 'control-character';
  flaws[0x3b] = 'path-parameter';
  flaws[0x5c] = 'backslash';
  if (!raw) {
    flaws[PERCENT] = 'encoded-percent';
    return flaws;
  }
  flaws[0x20] = 'control-character';
  flaws[0x23] = 'fragment';
  for (const character of '"<>^`{}') flaws[character.charCodeAt(0)] = 'illegal-character';
  return flaws;
}
