import { AgentError } from '../../errors.ts';
import { type FolderLock, lockFile, lockHolder, takeFolderLock } from '../../state/folder-lock.ts';
import { SQLITE, sqliteCode, unusable } from './database.ts';
import { inFolder, makeFolder } from './state-folder.ts';

export type Lock = Pick<FolderLock, 'release'>;

/**
 * Takes the state folder for this process.
 *
 * @param who what the holder does, for the one who comes too late: `sync --once`
 * @throws AgentError `STATE_LOCKED` naming the holder, `STATE_UNUSABLE`
 */
export function takeLock(folder: string, who: string, now: () => number = Date.now): Lock {
  makeFolder(folder);
  const lock = inFolder(folder, () => named(folder, () => takeFolderLock(folder, who, { now })));
  if (lock !== null) return lock;
  throw new AgentError('STATE_LOCKED', `The state folder ${folder} is in use by ${lockHolder(folder)}.`, {
    hint: 'Wait for it to end, or stop it; two must not write to the same STATE_DIR.',
  });
}

function named<Result>(folder: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    const code = sqliteCode(error);
    if (code === null) throw error;
    throw code === SQLITE.NOTADB ? notALock(lockFile(folder), error) : unusable(lockFile(folder), error);
  }
}

function notALock(file: string, cause: unknown): AgentError {
  return new AgentError('STATE_UNUSABLE', `${file} is not the agent's.`, {
    cause,
    hint: 'Make sure that no agent runs on this STATE_DIR, then delete the file.',
  });
}
