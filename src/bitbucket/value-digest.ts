import { createHash } from 'node:crypto';

/** Bitbucket's own values are a repository of a project of an owner deep. */
const DEEPEST = 64;
/** Enough to tell two values apart. */
const MOST_PARTS = 10_000;
const LONGEST_TEXT = 10_000;

/** What tells a JSON value from others, of its first 10,000 parts; `null`: it is nested too deeply to be looked at. */
export function valueDigest(value: unknown): string | null {
  const digest = createHash('sha256');
  let left = MOST_PARTS;
  const take = (part: unknown, depth: number): boolean => {
    if (depth > DEEPEST) return false;
    left -= 1;
    if (typeof part !== 'object' || part === null) {
      digest.update(`${typeof part}${String(part).slice(0, LONGEST_TEXT)}\0`);
      return true;
    }
    digest.update(Array.isArray(part) ? '[' : '{');
    for (const key in part) {
      if (left <= 0) break;
      digest.update(`${key.slice(0, LONGEST_TEXT)}\0`);
      if (!take((part as Readonly<Record<string, unknown>>)[key], depth + 1)) return false;
    }
    digest.update('}');
    return true;
  };
  return take(value, 0) ? digest.digest('base64') : null;
}
