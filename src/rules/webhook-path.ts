import pathToRegexp from 'path-to-regexp';
import { parsePattern } from './path-pattern.ts';

/** All of the public port that public rules are asked for is this path and what is below it. */
const SERVED = '/webhook';

/** Whether a pattern can match there, as far as its literal start tells. */
export function reachesWebhooks(path: string): boolean {
  const [first] = parsePattern(path).leading;
  if (first !== undefined) return first === null || `/${first}` === SERVED;
  const [start, ...rest] = pathToRegexp.parse(path);
  if (typeof start !== 'string') return start !== undefined;
  return rest.length > 0 && SERVED.startsWith(start.toLowerCase());
}
