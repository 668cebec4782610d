import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { AgentError } from '../../errors.ts';
import { Database, SQLITE, sqliteCode } from './database.ts';
import { inFolder, makeFolder } from './state-folder.ts';

const LOCK_FILE = 'lock.db';
const HOLDER_FILE = 'lock-holder.json';

/** Locks that are held: one whose database was collected as garbage would be given up unseen. */
const held = new Set<Database>();

export interface Lock {
  release(): void;
}

/**
 * Takes the state folder for this process. The lock is one of the system's on an open file, so it ends with the
 * process, however that ends; what the folder says of its holder is only there to be told.
 *
 * @param who what the holder does, for the one who comes too late: `sync --once`
 * @throws AgentError `STATE_LOCKED` naming the holder, `STATE_UNUSABLE`
 */
export function takeLock(folder: string, who: string, now: () => number = Date.now): Lock {
  makeFolder(folder);
  const db = lockedDatabase(folder);
  const holderFile = join(folder, HOLDER_FILE);
  try {
    const since = new Date(now()).toISOString();
    const holder = { pid: process.pid, host: hostname(), since, command: who };
    inFolder(folder, () => {
      writeFileSync(`${holderFile}.new`, JSON.stringify(holder), { mode: 0o600 });
      renameSync(`${holderFile}.new`, holderFile);
    });
  } catch (error) {
    db.close();
    throw error;
  }
  held.add(db);
  return {
    release: () => {
      if (!held.delete(db)) return;
      try {
        rmSync(holderFile, { force: true });
      } finally {
        db.close();
      }
    },
  };
}

function lockedDatabase(folder: string): Database {
  const file = join(folder, LOCK_FILE);
  // Not opened when it is there: to close any file handle on it would end this process's own lock.
  if (!existsSync(file)) inFolder(folder, () => closeSync(openSync(file, 'a', 0o600)));
  const db = new Database(file, { busyMs: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return db;
  } catch (error) {
    db.close();
    const code = sqliteCode(error);
    if (code === SQLITE.NOTADB) throw notALock(file, error);
    if (code !== SQLITE.BUSY) throw error;
    throw new AgentError('STATE_LOCKED', `The state folder ${folder} is in use by ${holderIn(folder)}.`, {
      hint: 'Wait for it to end, or stop it; two must not write to the same STATE_DIR.',
    });
  }
}

function notALock(file: string, cause: unknown): AgentError {
  return new AgentError('STATE_UNUSABLE', `${file} is not the agent's.`, {
    cause,
    hint: 'Make sure that no agent runs on this STATE_DIR, then delete the file.',
  });
}

function holderIn(folder: string): string {
  try {
    const { pid, host, since, command } = JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8'));
    return `process ${pid} on ${host} since ${since}: ${command}`;
  } catch {
    return 'another process, which has not said yet who it is';
  }
}
