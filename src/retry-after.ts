/**
 * The wait that an answer asks for, in milliseconds: whole seconds, or a date by the clock of the answer's own `Date`
 * (RFC 9110, section 10.2.3). `null` where it asks for none; any number up to `Infinity`, so callers set a limit.
 *
 * @param headers names in lower case; of several values the first counts
 * @param time epoch milliseconds, for a date where the answer does not tell its own
 */
export function retryAfterMs(headers: Readonly<Record<string, unknown>>, time: number): number | null {
  const value = textIn(headers['retry-after']);
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const until = dateIn(value);
  return until === null ? null : Math.max(0, until - (dateIn(textIn(headers.date)) ?? time));
}

function textIn(value: unknown): string {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first.trim() : '';
}

/** Every form of an HTTP date that names its zone; `Date.parse` alone would take `-5` for a year. */
function dateIn(text: string): number | null {
  const ms = text.endsWith(' GMT') ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}
