import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const LOCK_FILE = 'lock.db';
const HOLDER_FILE = 'lock-holder.json';
/** SQLite's primary result code for a lock that another connection holds, https://www.sqlite.org/rescode.html. */
const BUSY = 5;

/** The files in a locked folder that are there for the lock only. */
export const LOCK_FILES: readonly string[] = [
  LOCK_FILE,
  `${LOCK_FILE}-journal`,
  HOLDER_FILE,
  `${HOLDER_FILE}.new`,
];

/** Locks that are held: one whose database was collected as garbage would be given up unseen. */
const held = new Set<DatabaseSync>();

/** A folder is this process's own until `release`. */
export interface FolderLock {
  /** `false`: the file it is on was taken away, so that another process may have the folder by now. */
  stands(): boolean;
  release(): void;
}

export interface LockOptions {
  readonly now?: () => number;
  /** Milliseconds to wait for another holder to let go; 0 unless told. The process stands still meanwhile. */
  readonly waitMs?: number;
}

/** The file that a folder's lock is on. */
export const lockFile = (folder: string): string => join(folder, LOCK_FILE);

/**
 * Takes an existing folder for this process. The lock is one of the system's on an open file, so it ends with the
 * process, however that ends; what the folder says of its holder is only there to be told.
 *
 * @param who what the holder does, for the one who comes too late: `sync --once`
 * @returns `null` when another holds it
 * @throws the system's error or SQLite's, as it came
 */
export function takeFolderLock(
  folder: string,
  who: string,
  { now = Date.now, waitMs = 0 }: LockOptions = {},
): FolderLock | null {
  const db = lockedDatabase(lockFile(folder), waitMs);
  if (db === null) return null;
  const holderFile = join(folder, HOLDER_FILE);
  let ino: number;
  try {
    ino = statSync(lockFile(folder)).ino;
    const since = new Date(now()).toISOString();
    const holder = { pid: process.pid, host: hostname(), since, command: who };
    writeFileSync(`${holderFile}.new`, JSON.stringify(holder), { mode: 0o600 });
    renameSync(`${holderFile}.new`, holderFile);
  } catch (error) {
    db.close();
    throw error;
  }
  held.add(db);
  const stands = () => statSync(lockFile(folder), { throwIfNoEntry: false })?.ino === ino;
  return {
    stands,
    release: () => {
      if (!held.delete(db)) return;
      try {
        if (stands()) rmSync(holderFile, { force: true });
      } finally {
        db.close();
      }
    },
  };
}

/** Who holds a folder, in words. */
export function lockHolder(folder: string): string {
  try {
    const { pid, host, since, command } = JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8'));
    return `process ${pid} on ${host} since ${since}: ${command}`;
  } catch {
    return 'another process, which has not said yet who it is';
  }
}

function lockedDatabase(file: string, waitMs: number): DatabaseSync | null {
  // Not opened when it is there: to close any file handle on it would end this process's own lock.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  const db = new DatabaseSync(file, { timeout: waitMs });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    if ((Number((error as { errcode?: unknown }).errcode) & 0xff) === BUSY) return null;
    throw error;
  }
}
