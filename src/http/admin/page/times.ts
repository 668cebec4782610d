import { type Html, html } from '../html.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A moment in UTC: the log's clock, whoever looks from wherever. Takes epoch milliseconds or ISO 8601. */
export function moment(at: number | string): Html {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) return html`${String(at)}`;
  const iso = time.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** How long, in its two largest units. */
export function span(ms: number): string {
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
  return `${Math.floor(ms / DAY)} d ${Math.floor((ms % DAY) / HOUR)} h`;
}

let numbers: Intl.NumberFormat | undefined;

/** `12,345`. */
export function figure(value: number): string {
  numbers ??= new Intl.NumberFormat('en');
  return numbers.format(value);
}

/** `1 rule`, `2 rules`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${figure(count)} ${count === 1 ? one : many}`;
