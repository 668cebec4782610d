import { braceExpand, Minimatch } from 'minimatch';

/** Extended globs, escapes and spaces at the ends: two versions of minimatch read them in two ways. */
const UNSUPPORTED = /[()|\\]|^\s|\s$/;
const CLASS = /\[[!^]?[\w.-]+\]/g;
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;

/**
 * What keeps a `values` pattern from being used, or `null`. Only what minimatch 3 (in the Snyk Broker client) and
 * minimatch 10 read alike is taken: `*`, `**`, `?`, `{a,b}`, simple `[a-z]` classes, a leading `!`.
 */
export function globFlaw(pattern: string): string | null {
  for (const plain of [pattern, ...braceExpand(pattern)]) {
    if (UNSUPPORTED.test(plain))
      return 'parentheses, `|`, backslashes and spaces at the ends are not supported';
    if (/[[\]]/.test(plain.replace(CLASS, '')))
      return 'a class in brackets may hold only letters, digits, `_`, `.` and `-`';
    if (DOT_SEGMENT.test(plain)) return 'a segment `.` or `..` never matches';
  }
  return null;
}

/** A test for one value; `*` does not cross a `/`, and a value with a dot segment or a line break is never matched. */
export function compileGlob(pattern: string): (value: string) => boolean {
  const glob = new Minimatch(pattern, { dot: true, platform: 'linux' });
  return (value) => !DOT_SEGMENT.test(value) && !/[\n\r\u2028\u2029]/.test(value) && glob.match(value);
}
