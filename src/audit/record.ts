import type { CallRecord, Road } from '../call.ts';
import { LONGEST_PATH, LONGEST_QUERY } from '../recorded-call.ts';
import type { Scrubber } from '../scrub.ts';
import { DIRECTIONS } from './trail.ts';

/** What a caller may make long is cut, in UTF-16 units. */
const LONGEST_REQUEST_ID = 200;
const LONGEST_METHOD = 40;

/** Events beside those of the agent: what the trail tells of itself. */
export type TrailEvent = 'recovered' | 'lost' | 'retention';
export type EventFields = Readonly<Record<string, string | number | boolean | null>>;

/** What every record has. */
export interface Stamp {
  /** Epoch milliseconds. */
  readonly time: number;
  /** The rules hash. */
  readonly rules: string;
}

/** A call's fields in their fixed order, as JSON without braces. */
export function callBody(road: Road, record: CallRecord, { time, rules }: Stamp, scrub: Scrubber): string {
  const { requestId, method, path, query, ruleId, allowed, reason, code, status, bytes, ms } = record;
  return bodyOf({
    time: new Date(time).toISOString(),
    road,
    direction: DIRECTIONS[road],
    requestId: requestId === null ? null : foreign(requestId, scrub, LONGEST_REQUEST_ID),
    method: foreign(method, scrub, LONGEST_METHOD),
    path: foreign(path, scrub, LONGEST_PATH),
    query: query === undefined ? undefined : foreign(query, scrub, LONGEST_QUERY),
    ruleId: ruleId === null ? null : foreign(ruleId, scrub),
    allowed,
    reason: foreign(reason, scrub),
    code,
    status,
    bytes,
    ms,
    rules,
  });
}

/** An event's fields as JSON without braces. Fields that every record has are not replaced by those given. */
export function eventBody(
  event: string,
  fields: EventFields,
  { time, rules }: Stamp,
  scrub: Scrubber,
): string {
  const given = Object.entries(fields)
    .filter(([name]) => !RESERVED.has(name))
    .map(([name, value]) => [name, typeof value === 'string' ? foreign(value, scrub) : value]);
  return bodyOf({ time: new Date(time).toISOString(), event, ...Object.fromEntries(given), rules });
}

const RESERVED = new Set(['seq', 'time', 'event', 'rules', 'prev']);

const foreign = (text: string, scrub: Scrubber, longest = Number.POSITIVE_INFINITY): string =>
  text.length < longest ? scrub(text.toWellFormed()) : scrub(text.slice(0, longest).toWellFormed(), true);

const PLAIN = /^[\x20-\x7e]*$/;
const STEERING = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** What does not show but steers a terminal is written as `\uXXXX`: JSON itself escapes only a part of it. */
export const plainJson = (json: string): string =>
  PLAIN.test(json) ? json : json.replace(STEERING, escaped);

const bodyOf = (fields: Readonly<Record<string, unknown>>): string =>
  plainJson(JSON.stringify(fields).slice(1, -1));

const escaped = (text: string): string =>
  Array.from(
    { length: text.length },
    (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
