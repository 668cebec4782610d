import type { CallRecord } from './call.ts';

/** What is kept of a call's target, in UTF-16 units. */
export const LONGEST_PATH = 500;
export const LONGEST_QUERY = 2_000;

/** What a record has of a call's target. @param url path and query as they came */
export function recordedTarget(url: string, keepQuery: boolean): Pick<CallRecord, 'path' | 'query'> {
  const mark = url.indexOf('?');
  const path = url.slice(0, mark < 0 ? LONGEST_PATH : Math.min(mark, LONGEST_PATH));
  return keepQuery && mark >= 0 ? { path, query: url.slice(mark + 1, mark + 1 + LONGEST_QUERY) } : { path };
}

/** A time as a record has it. @param ms milliseconds, with any number of decimals */
export const recordedMs = (ms: number): number => Math.round(ms * 100) / 100;
