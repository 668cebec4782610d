import { type Dirent, readdirSync } from 'node:fs';
import { failureCode } from '../errors.ts';

/** One file of a chain: `2026-11-23.jsonl`, `2026-11-23.2.jsonl`. */
export interface AuditFile {
  readonly name: string;
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  /** From 1. */
  readonly part: number;
}

const FILE = /^(\d{4}-\d\d-\d\d)(?:\.([1-9]\d{0,8}))?\.jsonl$/;
/** As names of instances are made: nothing that leads out of the folder, nothing hidden. */
const INSTANCE = /^[a-z0-9_][a-z0-9._-]*$/;
const LONGEST_HOST = 100;

export const DAY_MS = 86_400_000;

/** The day of a time, UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export const fileOf = (day: string, part: number): AuditFile => ({
  name: part === 1 ? `${day}.jsonl` : `${day}.${part}.jsonl`,
  day,
  part,
});

/** The files of one chain, oldest first; none where the folder is not there. */
export function filesOf(folder: string): AuditFile[] {
  return names(folder, (entry) => entry.isFile())
    .map(parsed)
    .filter((file) => file !== null)
    .toSorted(older);
}

/** Sorts the older file to the front. */
export const older = (one: AuditFile, other: AuditFile): number =>
  one.day === other.day ? one.part - other.part : one.day < other.day ? -1 : 1;

/** The instances that have a folder, sorted by name. */
export const instancesIn = (folder: string): string[] =>
  names(folder, (entry) => entry.isDirectory())
    .filter((name) => INSTANCE.test(name) && parsed(name) === null)
    .sort();

/** A host's name as a folder's. */
export function instanceOf(host: string): string {
  const safe = host
    .toLowerCase()
    .slice(0, LONGEST_HOST)
    .replace(/[^a-z0-9._-]/g, '_')
    .replace(/^[.-]+|\.+$/g, '');
  return safe === '' ? 'agent' : safe;
}

function parsed(name: string): AuditFile | null {
  const [, day, part] = FILE.exec(name) ?? [];
  return day === undefined || Number.isNaN(Date.parse(day)) ? null : { name, day, part: Number(part ?? 1) };
}

function names(folder: string, wanted: (entry: Dirent) => boolean): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => wanted(entry) || entry.isSymbolicLink())
      .map(({ name }) => name);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(failureCode(error))) return [];
    throw error;
  }
}
