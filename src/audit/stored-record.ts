import type { Road } from '../call.ts';
import { LONGEST_LINE_BYTES } from './lines.ts';
import type { Direction } from './trail.ts';

/** What every record of a file has. */
export interface Linked {
  readonly seq: number;
  /** ISO 8601, UTC, with milliseconds. */
  readonly time: string;
  /** The rules hash. */
  readonly rules: string;
  readonly prev: string;
}

/** A call, as it stands in a file. */
export interface StoredCall extends Linked {
  readonly road: Road;
  readonly direction: Direction;
  readonly requestId: string | null;
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly ruleId: string | null;
  readonly allowed: boolean;
  readonly reason: string;
  readonly code?: string;
  readonly status: number;
  readonly bytes: number;
  readonly ms: number;
}

/** What the agent did, or the trail itself. */
export interface StoredEvent extends Linked {
  readonly event: string;
  readonly [field: string]: unknown;
}

export type StoredRecord = StoredCall | StoredEvent;

export const isCall = (record: StoredRecord): record is StoredCall => !('event' in record);

/** Reads a line; `null` when it is no record. Somebody may have written anything into the file. */
export function readRecord(line: Buffer): StoredRecord | null {
  if (line.length > LONGEST_LINE_BYTES) return null;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isRecord(value: unknown): value is StoredRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { seq, time, prev, event, road, method, path, ruleId, reason } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(seq) || typeof prev !== 'string') return false;
  if (typeof time !== 'string' || !TIME.test(time)) return false;
  if (event !== undefined) return typeof event === 'string';
  return (
    [road, method, path, reason].every((text) => typeof text === 'string') &&
    (ruleId === null || typeof ruleId === 'string')
  );
}
