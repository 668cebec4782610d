/**
 * The wait that an answer asks for, in milliseconds: whole seconds, or a date by the clock of the answer's own `Date`
 * (RFC 9110, section 10.2.3). `null` where it asks for none.
 */
export function retryAfterMs(headers: Readonly<Record<string, unknown>>): number | null {
  const value = textIn(headers['retry-after']);
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const ms = Date.parse(value) - Date.parse(textIn(headers.date));
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

const textIn = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');
