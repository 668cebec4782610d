import { setTimeout as pause } from 'node:timers/promises';
import { type Found, marksOf, newest, writtenSince } from '../../audit/read.ts';
import { plainJson } from '../../audit/record.ts';
import { isCall, type StoredCall, type StoredEvent, type StoredRecord } from '../../audit/stored-record.ts';
import { ConfigError } from '../../errors.ts';
import { shownText } from '../../shown-text.ts';
import { EXIT } from '../ending.ts';

export interface TailOptions {
  readonly lines: string;
  readonly follow?: boolean;
  readonly refused?: boolean;
  readonly format: 'text' | 'json';
  readonly instance?: string;
}

const FOLLOW_MS = 500;
const LONGEST_PATH = 500;
/** Every record has them; an event's own fields are the rest. */
const COMMON = new Set(['seq', 'time', 'event', 'rules', 'prev']);

/** Shows the newest records of all instances, oldest first; goes on until SIGINT or SIGTERM with `follow`. */
export async function tail(folder: string, options: TailOptions): Promise<number> {
  const { lines, follow, refused, format, instance } = options;
  const count = /^\d{1,6}$/.test(lines) ? Number(lines) : -1;
  if (count < 0) {
    const reason = 'is not a number from 0 to 999999';
    throw new ConfigError([{ where: 'audit tail --lines', reason, example: '20' }]);
  }
  const wanted = refused === true ? isRefused : () => true;
  const show = (found: readonly Found[]) => {
    if (found.length > 0) process.stdout.write(found.map((one) => `${shown(one, format)}\n`).join(''));
  };
  const marks = marksOf(folder, instance);
  const place = instance === undefined ? {} : { instance };
  if (count > 0) show(newest(folder, count, { ...place, wanted, until: marks }));
  if (follow !== true) return EXIT.ok;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  while (!stop.signal.aborted) {
    for await (const found of writtenSince(folder, marks, instance)) if (wanted(found.record)) show([found]);
    await pause(FOLLOW_MS, undefined, { signal: stop.signal }).catch(() => {});
  }
  return EXIT.ok;
}

const isRefused = (record: StoredRecord): boolean => isCall(record) && !record.allowed;

function shown({ instance, record }: Found, format: TailOptions['format']): string {
  if (format === 'json') return plainJson(JSON.stringify({ instance, ...record }));
  const what = isCall(record) ? call(record) : event(record);
  return `${record.time} ${instance} ${what}`;
}

function call({ road, allowed, method, path, ruleId, reason, status, code, ms }: StoredCall): string {
  const verdict = allowed
    ? `allowed by ${ruleId === null ? '-' : shownText(ruleId)}`
    : `REFUSED ${shownText(reason)}`;
  const failure = code === undefined ? '' : ` ${shownText(String(code))}`;
  return `${shownText(road)} ${verdict}: ${shownText(method)} ${shownText(path, LONGEST_PATH)} ${Number(status)}${failure} ${Number(ms)} ms`;
}

function event(record: StoredEvent): string {
  const fields = Object.entries(record)
    .filter(([name]) => !COMMON.has(name))
    .map(([name, value]) => ` ${shownText(name)}=${shownText(String(value))}`);
  return `-- ${shownText(record.event)}${fields.join('')}`;
}
