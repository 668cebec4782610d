import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { openTrail, type TrailOptions, type TrailSettings } from '../../src/audit/file-trail.ts';
import type { Trail } from '../../src/audit/trail.ts';
import type { CallRecord } from '../../src/call.ts';
import type { Fields, Log } from '../../src/log.ts';

export const RULES_HASH = `sha256:${'ab'.repeat(32)}`;
export const NOON = Date.parse('2026-05-04T12:00:00.000Z');
export const DAY_MS = 86_400_000;

export const CALL: CallRecord = {
  requestId: 'req-1',
  method: 'GET',
  path: '/projects/PAY/repos/api',
  allowed: true,
  ruleId: 'repository',
  reason: 'allowed',
  status: 200,
  bytes: 120,
  ms: 4.25,
};
export const REFUSED: CallRecord = {
  ...CALL,
  path: '/admin/license',
  allowed: false,
  ruleId: null,
  reason: 'no-rule',
  status: 401,
  code: 'FILTER_BLOCKED',
};

export interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Fields;
}

/** A log that remembers. */
export function rememberingLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Fields = {}) =>
      void lines.push({ level, message, fields });
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

export interface Opened {
  readonly trail: Trail;
  readonly lines: Line[];
  /** Until what was recorded has been written, or tried. */
  settle(): Promise<void>;
}

/** Opens a trail of host `agent-1` on a clock that stands at noon. */
export function open(
  folder: string,
  options: Partial<TrailOptions> = {},
  settings: Partial<TrailSettings> = {},
): Opened {
  const { log, lines } = rememberingLog();
  const trail = openTrail(
    { folder, stdout: false, onError: 'warn', retentionDays: 90, maxBytes: 2 ** 30, ...settings },
    {
      rulesHash: RULES_HASH,
      secrets: () => [],
      log,
      output: process.stdout,
      now: () => NOON,
      host: 'agent-1',
      ...options,
    },
  );
  return { trail, lines, settle: async () => void (await turn()) };
}

/** The records of one chain in the order of its files. */
export function recordsIn(folder: string, instance = 'agent-1'): Record<string, unknown>[] {
  return chainFiles(folder, instance)
    .flatMap((name) => readFileSync(join(folder, instance, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** `2026-05-04.jsonl` before `2026-05-04.2.jsonl`. */
export function chainFiles(folder: string, instance = 'agent-1'): string[] {
  const key = (name: string) => {
    const [day = '', part] = name.split('.');
    return `${day} ${part === 'jsonl' ? '000001' : part?.padStart(6, '0')}`;
  };
  return readdirSync(join(folder, instance))
    .filter((name) => name.endsWith('.jsonl'))
    .sort((one, other) => (key(one) < key(other) ? -1 : 1));
}
