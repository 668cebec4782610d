/** The first moment of year 10000, from which on ISO 8601 needs a sign and more digits. */
const END = 253_402_300_800_000;
const ISO = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)$/;
const BARE_OFFSET = /([+-]\d\d):?(\d\d)?$/;

/**
 * A time of Bitbucket's as ISO 8601 in UTC, with milliseconds. Bitbucket gives epoch milliseconds, Data Center 10 in
 * some places ISO text with `Z`, `+0000` or `+00:00`.
 * @returns `null` for what is no time: also for 0 and less, for text without an offset, and for days that do not exist
 */
export function isoTime(value: unknown): string | null {
  const ms = typeof value === 'string' ? epochOf(value) : value;
  if (typeof ms !== 'number' || !(ms >= 1 && ms < END)) return null;
  return new Date(ms).toISOString();
}

function epochOf(text: string): number {
  if (/^\d{12,15}$/.test(text)) return Number(text);
  const [, year, month, day] = ISO.exec(text) ?? [];
  if (year === undefined || Number(day) > daysIn(Number(year), Number(month))) return Number.NaN;
  const time = text.indexOf('T');
  const clock = text.slice(time).replace(BARE_OFFSET, (_, hours, minutes = '00') => `${hours}:${minutes}`);
  return Date.parse(text.slice(0, time) + clock);
}

/** @param month 1 to 12 */
export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
