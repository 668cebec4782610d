import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { failureCode } from '../errors.ts';

/**
 * Makes a folder, and those above it, for their owner only; one that is there is left as it is. Step by step, since
 * Node 24's own recursive way never ends where a file system refuses with ENOENT, as /proc does.
 */
export function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = failureCode(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    makePrivateFolder(dirname(path));
    mkdirSync(path, { mode: 0o700 });
  }
}
