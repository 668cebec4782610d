import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processUser } from '../../config/process-user.ts';
import { AgentError, failureCode } from '../../errors.ts';
import { makePrivateFolder } from '../../state/private-folder.ts';

export const LEDGER_FILE = 'ledger.db';

/** What to do where it cannot be written. */
export function writableHint(): string {
  const user = processUser();
  const who = user === null ? 'this user' : `this user (${user})`;
  return `Set STATE_DIR to a folder on a local volume that ${who} may write in; in a container mount a volume there.`;
}

/** Makes the state folder, for its owner only, if it is not there. @throws AgentError `STATE_UNUSABLE` */
export function makeFolder(folder: string): void {
  inFolder(folder, () => makePrivateFolder(folder));
}

/** Makes the state folder and writes a file in it. @throws AgentError `STATE_UNUSABLE` when that cannot be done */
export function checkStateFolder(folder: string): void {
  makeFolder(folder);
  const file = join(folder, `.write-check-${process.pid}`);
  inFolder(folder, () => {
    writeFileSync(file, '', { mode: 0o600 });
    rmSync(file);
  });
}

/** Does something with the state folder's files. @throws AgentError `STATE_UNUSABLE` */
export function inFolder<Result>(folder: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof AgentError) throw error;
    throw new AgentError(
      'STATE_UNUSABLE',
      `The state folder ${folder} cannot be used: ${failureCode(error)}.`,
      {
        cause: error,
        hint: writableHint(),
      },
    );
  }
}
