import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { undoAtExit } from './leftovers.ts';

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/** A new folder readable by this user only, removed by `remove` or at the end of this process. */
export function makeTemporaryFolder(purpose: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `bitbucket-agent-${purpose}-`));
  const erase = () => rmSync(path, { recursive: true, force: true });
  const forget = undoAtExit(erase);
  return {
    path,
    remove() {
      forget();
      erase();
    },
  };
}
