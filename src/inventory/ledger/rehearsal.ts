import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../../errors.ts';
import { copyLedger } from './copy.ts';
import { type Lock, takeLock } from './lock.ts';
import { inFolder } from './state-folder.ts';

const PREFIX = 'rehearsal-';

/** A folder in the state folder with a copy of the ledger, if there is one. */
export interface Rehearsal {
  readonly folder: string;
  /** Removes the folder. */
  end(): void;
}

/**
 * Copies the ledger, so that what would be made of it happens to the copy. The folder has a lock of its own, which tells
 * it from one whose process was killed.
 *
 * @throws AgentError `STATE_LOCKED`, `STATE_UNUSABLE`
 */
export function openRehearsal(stateDir: string, who: string): Rehearsal {
  const lock = takeLock(stateDir, who);
  try {
    clearRehearsals(stateDir);
    const folder = inFolder(stateDir, () => mkdtempSync(join(stateDir, PREFIX)));
    const rehearsal = rehearsalIn(folder, takeLock(folder, who));
    try {
      copyLedger(stateDir, folder);
    } catch (error) {
      rehearsal.end();
      throw error;
    }
    return rehearsal;
  } finally {
    lock.release();
  }
}

/** Removes what killed processes have left. For the process that holds the lock of the state folder. */
export function clearRehearsals(stateDir: string): void {
  const names = inFolder(stateDir, () => readdirSync(stateDir));
  for (const name of names.filter((each) => each.startsWith(PREFIX))) {
    const folder = join(stateDir, name);
    const lock = freeLock(folder);
    if (lock !== null) rehearsalIn(folder, lock).end();
  }
}

/** `null`: a rehearsal is going on in the folder. */
function freeLock(folder: string): Lock | null {
  try {
    return takeLock(folder, 'clearing up');
  } catch (error) {
    if (error instanceof AgentError && error.code === 'STATE_LOCKED') return null;
    return { release() {} };
  }
}

function rehearsalIn(folder: string, lock: Lock): Rehearsal {
  return {
    folder,
    end: () => {
      try {
        inFolder(folder, () => rmSync(folder, { recursive: true, force: true }));
      } finally {
        lock.release();
      }
    },
  };
}
