import { hash } from 'node:crypto';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Database } from './database.ts';
import { Facts, type LedgerIdentity } from './facts.ts';
import { LEDGER_FILE } from './state-folder.ts';

type Settings = Pick<LedgerIdentity, 'baseUrl' | 'privacy'>;

const MOST_FILES = 2;
const PREFIX = 'ledger.corrupt-';
/** Of no settings: it goes at the next opening, if its check is cut short. */
const UNCHECKED = `${PREFIX}unchecked.db`;

/**
 * Takes a damaged ledger out of the way. It is kept as `ledger.corrupt-<settings>-<time>.db` only where it says itself
 * that it is of the present settings: any other one may hold what these leave out.
 *
 * @param now epoch milliseconds
 * @returns whether it is kept
 */
export function setAside(folder: string, settings: Settings, now: number): boolean {
  const unchecked = join(folder, UNCHECKED);
  // What is in a log that could not be written back is not in the file: it may be older than it says.
  const isWhole = bytesOf(join(folder, `${LEDGER_FILE}-wal`)) === 0;
  renameSync(join(folder, LEDGER_FILE), unchecked);
  removeLedger(folder);
  const kept = isWhole && isOf(unchecked, settings);
  const time = new Date(now).toISOString().replaceAll(':', '-');
  if (kept) renameSync(unchecked, join(folder, `${prefixOf(settings)}${time}.db`));
  dropSetAside(folder, settings);
  return kept;
}

/** Leaves the newest files that were set aside under these settings; `null`: none. */
export function dropSetAside(folder: string, settings: Settings | null): void {
  const files = readdirSync(folder).filter((name) => name.startsWith(PREFIX) && name.endsWith('.db'));
  const own = files.filter((name) => settings !== null && name.startsWith(prefixOf(settings))).sort();
  const kept = new Set(own.slice(-MOST_FILES));
  for (const name of files) if (!kept.has(name)) rmSync(join(folder, name));
}

/** The database goes before what belongs to it: a reader never finds it with another one's log. */
export function removeLedger(folder: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `${LEDGER_FILE}${end}`), { force: true });
}

const prefixOf = ({ baseUrl, privacy }: Settings): string =>
  `${PREFIX}${hash('sha256', JSON.stringify([baseUrl, privacy])).slice(0, 12)}-`;

const bytesOf = (file: string): number => (existsSync(file) ? statSync(file).size : 0);

function isOf(file: string, { baseUrl, privacy }: Settings): boolean {
  let db: Database | null = null;
  try {
    // Immutable: SQLite makes no files beside it.
    db = new Database(`${pathToFileURL(file).href}?immutable=1`, { readOnly: true });
    const facts = new Facts(db);
    return db.read(() => facts.baseUrl === baseUrl && facts.privacy === privacy);
  } catch {
    return false;
  } finally {
    db?.close();
  }
}
