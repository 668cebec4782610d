import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';

export interface AcceptFile {
  /** For `ACCEPT`. */
  readonly path: string;
  remove(): void;
}

/** An accept list in a file of its own: text as it is, anything else as JSON. */
export function acceptFile(list: unknown, name = 'accept.json'): AcceptFile {
  const folder = makeTemporaryFolder('accept');
  const path = join(folder.path, name);
  writeFileSync(path, typeof list === 'string' ? list : JSON.stringify(list));
  return { path, remove: () => folder.remove() };
}
