import { statSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, instancesIn } from './files.ts';
import { linesBackwards, linesOf } from './lines.ts';
import { readRecord, type StoredRecord } from './stored-record.ts';

/** A record and the chain it is of. */
export interface Found {
  readonly instance: string;
  readonly record: StoredRecord;
}

/** How far each file is read, by `instance/name`. */
export type Marks = ReadonlyMap<string, number>;

export interface NewestOptions {
  readonly instance?: string;
  readonly wanted?: (record: StoredRecord) => boolean;
  /** Reads no further than this; all there is when left out. */
  readonly until?: Marks;
}

/** The newest records of all instances together, oldest first. Lines that are no records are passed over. */
export function newest(folder: string, count: number, options: NewestOptions = {}): Found[] {
  return chosen(folder, options.instance)
    .flatMap((instance) => newestOf(folder, instance, count, options))
    .toSorted((one, other) =>
      one.record.time < other.record.time ? -1 : one.record.time > other.record.time ? 1 : 0,
    )
    .slice(-count);
}

function newestOf(
  folder: string,
  instance: string,
  count: number,
  { wanted, until }: NewestOptions,
): Found[] {
  const found: Found[] = [];
  for (const { name } of filesOf(join(folder, instance)).reverse()) {
    const end = until === undefined ? Number.POSITIVE_INFINITY : (until.get(`${instance}/${name}`) ?? 0);
    for (const { bytes, whole } of linesBackwards(join(folder, instance, name), end)) {
      const record = whole ? readRecord(bytes) : null;
      if (record === null || wanted?.(record) === false) continue;
      found.push({ instance, record });
      if (found.length === count) return found.reverse();
    }
  }
  return found.reverse();
}

/** How long the files are now. */
export function marksOf(folder: string, instance?: string): Map<string, number> {
  const marks = new Map<string, number>();
  for (const each of chosen(folder, instance)) {
    for (const { name } of filesOf(join(folder, each))) {
      const size = statSync(join(folder, each, name), { throwIfNoEntry: false })?.size;
      if (size !== undefined) marks.set(`${each}/${name}`, size);
    }
  }
  return marks;
}

/** What was written since the marks, which are moved on; new files and new instances too. */
export async function* writtenSince(
  folder: string,
  marks: Map<string, number>,
  instance?: string,
): AsyncGenerator<Found> {
  for (const [place, size] of marksOf(folder, instance)) {
    const read = marks.get(place) ?? 0;
    // Somebody has written it anew, shorter.
    const from = size < read ? 0 : read;
    if (size === read) continue;
    let at = from;
    for await (const lines of linesOf(join(folder, place), size, from)) {
      for (const { bytes, whole } of lines) {
        if (!whole) continue;
        at += bytes.length + 1;
        const record = readRecord(bytes);
        const [name] = place.split('/');
        if (record !== null && name !== undefined) yield { instance: name, record };
      }
    }
    marks.set(place, at);
  }
}

const chosen = (folder: string, instance: string | undefined): string[] =>
  instancesIn(folder).filter((each) => instance === undefined || each === instance);
