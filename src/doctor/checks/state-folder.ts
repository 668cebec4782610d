import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { AgentError, failureCode } from '../../errors.ts';
import { checkStateFolder, writableHint } from '../../inventory/ledger/state-folder.ts';
import { shownText } from '../../shown-text.ts';
import { member } from '../ask.ts';
import { fail, pass, type Result, warn } from '../finding.ts';
import type { Check } from '../run-checks.ts';

const MIB = 1024 * 1024;
const LOW_BYTES = 500 * MIB;
const TOO_LITTLE_BYTES = 50 * MIB;
/** As the lock writes it. */
const HOLDER_FILE = 'lock-holder.json';

/** Free bytes of the volume a folder is on, for this user. */
export type FreeBytes = (folder: string) => number;

/** Whether the state folder can be written, has room, and who writes in it. A folder that is not there is not made. */
export function stateFolderCheck(folder: string, freeBytes: FreeBytes = freeBytesOn): Check {
  return {
    name: 'state folder',
    run: () => {
      const written = writable(folder);
      if (written.verdict === 'FAIL') return [written];
      return [written, space(nearest(folder), freeBytes), ...holder(folder)];
    },
  };
}

const freeBytesOn: FreeBytes = (folder) => {
  const { bavail, bsize } = statfsSync(folder, { bigint: true });
  return Number(bavail * bsize);
};

function writable(folder: string): Result {
  try {
    if (existsSync(folder)) {
      checkStateFolder(folder);
      return pass(`${folder} can be written`, { folder });
    }
    accessSync(nearest(folder), constants.W_OK | constants.X_OK);
    return pass(`${folder} is not there yet and will be made`, { folder });
  } catch (error) {
    const cause = error instanceof AgentError ? error.cause : error;
    const code = failureCode(cause);
    return fail(`${folder} cannot be written (${code})`, writableHint(), { folder, code });
  }
}

/** The folder, or the first one above it that is there. */
function nearest(folder: string): string {
  let at = folder;
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
}

function space(folder: string, freeBytes: FreeBytes): Result {
  let free: number;
  try {
    free = freeBytes(folder);
  } catch (error) {
    return warn(`its free space is not known (${failureCode(error)})`, writableHint());
  }
  const what = `${Math.floor(free / MIB)} MiB are free there`;
  const data = { free };
  const todo = 'Make room on its volume: the inventory needs some, and the audit trail grows.';
  if (free < TOO_LITTLE_BYTES) return fail(what, todo, data);
  return free < LOW_BYTES ? warn(what, todo, data) : pass(what, data);
}

/** Told for the reader only: the lock itself is the system's, and to try it would be to hold it. */
function holder(folder: string): readonly Result[] {
  try {
    const told: unknown = JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8'));
    const [pid, host, since, command] = ['pid', 'host', 'since', 'command'].map((name) =>
      shownText(String(member(told, name) ?? '?'), 100),
    );
    const gone = host === hostname() && !lives(Number(pid));
    const who = `process ${pid} on ${host} since ${since}: ${command}`;
    return [pass(gone ? `was last held by ${who}, which has ended` : `is held by ${who}`, { gone })];
  } catch {
    return [];
  }
}

function lives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return failureCode(error) === 'EPERM';
  }
}
