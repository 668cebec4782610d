import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError, failureCode } from '../errors.ts';
import { type FolderLock, LOCK_FILES, takeFolderLock } from '../state/folder-lock.ts';
import { makePrivateFolder } from '../state/private-folder.ts';
import { instanceOf } from './files.ts';

/** The folder of one chain, held by this process. */
export interface Instance {
  readonly name: string;
  readonly folder: string;
  readonly lock: FolderLock;
}

const MOST_INSTANCES = 1_000;
/** Another process that clears a folder up lets go of it at once. */
const LOCK_WAIT_MS = 100;

/**
 * Takes the folder that is named after the host. One that another process holds, or that this user may not write in, is
 * passed over for the next: `host`, `host.2`, `host.3`.
 *
 * @throws the system's error where the folder above cannot be used
 */
export function takeInstance(folder: string, host: string): Instance {
  makePrivateFolder(folder);
  const base = instanceOf(host);
  for (let number = 1; number <= MOST_INSTANCES; number += 1) {
    const name = number === 1 ? base : `${base}.${number}`;
    const own = join(folder, name);
    const made = makeFolder(own);
    try {
      const lock = takeFolderLock(own, 'audit', { waitMs: LOCK_WAIT_MS });
      if (lock !== null) return { name, folder: own, lock };
    } catch (error) {
      if (!made && isUnusable(error)) continue;
      // Or the next try would take it for another's, and make one more.
      if (made) removeFolder(own);
      throw error;
    }
  }
  throw new AgentError('STATE_LOCKED', `${folder} has ${MOST_INSTANCES} folders in use.`);
}

/** `false`: it was there. */
function makeFolder(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (failureCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function removeFolder(folder: string): void {
  try {
    for (const name of LOCK_FILES) rmSync(join(folder, name), { force: true });
    rmdirSync(folder);
  } catch {
    // It stays, and is empty.
  }
}

/** SQLite's codes for a lock file that cannot be opened, or only read, or is none. */
const UNUSABLE = new Set([8, 14, 26]);

function isUnusable(error: unknown): boolean {
  if (['EACCES', 'EPERM', 'ENOTDIR'].includes(failureCode(error))) return true;
  return UNUSABLE.has(Number((error as { errcode?: unknown }).errcode) & 0xff);
}
