import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, LEDGER_FILE } from './state-folder.ts';

/**
 * Copies a ledger as it is, also one that is damaged or of other settings: what a run would make of it happens to the
 * copy. For the process that holds the lock of `from`.
 *
 * @throws AgentError `STATE_UNUSABLE`
 */
export function copyLedger(from: string, to: string): void {
  inFolder(from, () => {
    for (const file of [LEDGER_FILE, `${LEDGER_FILE}-wal`]) {
      if (existsSync(join(from, file))) copyFileSync(join(from, file), join(to, file));
    }
  });
}
