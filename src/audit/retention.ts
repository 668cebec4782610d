import { rmdirSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type FolderLock, LOCK_FILES, takeFolderLock } from '../state/folder-lock.ts';
import { endOf } from './chain-end.ts';
import { type AuditFile, DAY_MS, dayOf, filesOf, instancesIn, older } from './files.ts';

export interface RetentionOptions {
  /** The folder of all instances. */
  readonly folder: string;
  /** This process's own instance, and the file it writes to. */
  readonly own: { readonly name: string; readonly file: AuditFile };
  readonly retentionDays: number;
  readonly maxBytes: number;
  readonly now: number;
}

/** A file that goes, and the end of the chain in it: the first record that stays has `lastHash` as its `prev`. */
export interface Removal {
  readonly instance: string;
  readonly file: string;
  readonly bytes: number;
  readonly why: 'age' | 'size';
  readonly lastSeq: number;
  readonly lastHash: string;
}

interface Kept {
  readonly instance: string;
  readonly file: AuditFile;
  readonly bytes: number;
}

/**
 * Removes files that are too old, and the oldest while all together are too large: of this process's own chain, never
 * the file it writes to, and of chains that no process holds.
 *
 * @param record keeps a removal before it is done; `false`: it could not, and nothing more is removed
 */
export function removeExpired(options: RetentionOptions, record: (removal: Removal) => boolean): void {
  const { folder, own, retentionDays, maxBytes, now } = options;
  const all = instancesIn(folder)
    .flatMap((instance) => keptIn(folder, instance))
    .toSorted((one, other) => older(one.file, other.file) || (one.instance < other.instance ? -1 : 1));
  const oldest = dayOf(now - retentionDays * DAY_MS);
  let total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const hold = new ForeignLocks(folder, own.name);
  const stuck = new Set<string>();
  try {
    for (const { instance, file, bytes } of all) {
      const why = file.day < oldest ? 'age' : total > maxBytes ? 'size' : null;
      if (why === null) break;
      if (instance === own.name ? older(file, own.file) >= 0 : !hold.has(instance)) continue;
      // What is missing must be missing from the start.
      if (stuck.has(instance)) continue;
      try {
        const { seq, head } = endOf(join(folder, instance), [file]);
        if (!record({ instance, file: file.name, bytes, why, lastSeq: seq, lastHash: head })) return;
        unlinkSync(join(folder, instance, file.name));
        total -= bytes;
      } catch {
        stuck.add(instance);
      }
    }
  } finally {
    hold.release();
  }
}

/** Nothing of a folder that cannot be read, such as another user's: what is in it is not for this process to remove. */
function keptIn(folder: string, instance: string): Kept[] {
  const path = join(folder, instance);
  try {
    return filesOf(path).flatMap((file) => {
      const bytes = statSync(join(path, file.name), { throwIfNoEntry: false })?.size;
      return bytes === undefined ? [] : [{ instance, file, bytes }];
    });
  } catch {
    return [];
  }
}

/** Locks of chains whose processes are gone, held as long as files of theirs are removed. */
class ForeignLocks {
  readonly #folder: string;
  readonly #own: string;
  readonly #locks = new Map<string, FolderLock | null>();

  constructor(folder: string, own: string) {
    this.#folder = folder;
    this.#own = own;
  }

  /** `false`: a process writes there, or the folder is not this user's. */
  has(instance: string): boolean {
    if (instance === this.#own) return false;
    if (!this.#locks.has(instance)) this.#locks.set(instance, this.#take(instance));
    return this.#locks.get(instance) !== null;
  }

  #take(instance: string): FolderLock | null {
    try {
      return takeFolderLock(join(this.#folder, instance), 'audit retention');
    } catch {
      return null;
    }
  }

  /** Folders with nothing left in them go too. */
  release(): void {
    for (const [instance, lock] of this.#locks) {
      if (lock === null) continue;
      const path = join(this.#folder, instance);
      try {
        if (filesOf(path).length === 0) {
          for (const name of LOCK_FILES) rmSync(join(path, name), { force: true });
          rmdirSync(path);
        }
      } catch {
        // Something else is in it.
      }
      lock.release();
    }
  }
}
