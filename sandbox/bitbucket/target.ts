/** A request target as Tomcat and Bitbucket understand it. */
export interface Target {
  /** Decoded, with path parameters and dot segments resolved: what the server looks its routes up by. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
}

const PLAIN = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/;

/**
 * Reads a raw target the way Tomcat does: drop `;parameters` of every segment, decode once, then resolve `//`, `.` and
 * `..`. An escape that passed a filter in front so reaches the file it aimed at, here as on a real server.
 * `null` where Tomcat answers 400: an encoded slash, a backslash, NUL, a malformed or non-UTF-8 escape, above the root.
 */
export function readTarget(raw: string): Target | null {
  const origin = /^https?:\/\/[^/?#]*/i.exec(raw);
  const url = origin ? raw.slice(origin[0].length) || '/' : raw;
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  if (PLAIN.test(path)) return { segments: path.split('/').slice(1), query };
  if (!path.startsWith('/') || /%2f|%5c|\\|%00/i.test(path)) return null;
  const segments: string[] = [];
  for (const part of path.split('/')) {
    const decoded = decode(part.replace(/;.*$/, ''));
    if (decoded === null) return null;
    if (decoded === '..') {
      if (segments.pop() === undefined) return null;
    } else if (decoded !== '' && decoded !== '.') segments.push(decoded);
  }
  return { segments, query };
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}
