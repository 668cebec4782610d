import { closeSync, existsSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Database, SQLITE, sqliteCode } from './database.ts';
import { Facts, type LedgerIdentity, TYPES } from './facts.ts';
import type { Ledger, SnapshotReason } from './ledger.ts';
import { wipeRecords } from './privacy-change.ts';
import { SqliteLedger } from './sqlite-ledger.ts';
import { inFolder, LEDGER_FILE, makeFolder } from './state-folder.ts';
import { APPLICATION_ID, createTables, TABLES_VERSION } from './tables.ts';

export { openLedgerReader } from './ledger-reader.ts';

const KEPT_CORRUPT_FILES = 2;
/** What SQLite says of a file that is none of its own, is damaged or lacks a table. */
const DAMAGED: ReadonlySet<number> = new Set([SQLITE.ERROR, SQLITE.CORRUPT, SQLITE.NOTADB]);
const CORRUPT_FILE = /^ledger\.corrupt-.*\.db$/;

/**
 * Opens the ledger in the state folder, for the process that holds the folder's lock. One that is not there, cannot be
 * read or belongs to another Bitbucket is replaced by a new one, and `snapshotDue` says why; one that cannot be read
 * is kept beside it as `ledger.corrupt-<time>.db`. When the privacy settings have changed, every record is wiped.
 *
 * @param now epoch milliseconds
 * @throws AgentError `STATE_UNUSABLE`
 */
export function openLedger(folder: string, identity: LedgerIdentity, { now }: { now: () => number }): Ledger {
  const at = resolve(folder);
  makeFolder(at);
  const file = join(at, LEDGER_FILE);
  const isThere = existsSync(file);
  const found = isThere ? openSound(at) : null;
  if (found === null) {
    if (isThere) inFolder(at, () => setAside(at, now()));
    return create(at, identity, isThere ? 'corrupt' : 'new');
  }
  const { db, facts } = found;
  if (facts.identity.baseUrl !== identity.baseUrl) {
    db.close();
    inFolder(at, () => removeFiles(at));
    return create(at, identity, 'other-bitbucket');
  }
  if (facts.identity.privacy !== identity.privacy) {
    // Files set aside are of older settings too, and go first: once the wipe is done nothing calls for it again.
    inFolder(at, () => dropCorrupt(at, 0));
    wipeRecords(db, identity, new Date(now()).toISOString());
  }
  // What was wiped does not stay in the log either, also when the process that wiped it ended just then.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return new SqliteLedger(db);
}

/** `null`: the file is no ledger of this version, or a damaged one. */
function openSound(folder: string): { readonly db: Database; readonly facts: Facts } | null {
  const db = new Database(join(folder, LEDGER_FILE));
  try {
    prepare(db, folder);
    if (isSound(db)) return { db, facts: new Facts(db) };
  } catch (error) {
    const code = sqliteCode(error);
    if (code === null || !DAMAGED.has(code)) {
      db.close();
      throw error;
    }
  }
  db.close();
  return null;
}

function isSound(db: Database): boolean {
  return db.read(() => {
    const application = db.query<{ application_id: number }>('PRAGMA application_id').one();
    const version = db.query<{ user_version: number }>('PRAGMA user_version').one();
    if (application?.application_id !== APPLICATION_ID || version?.user_version !== TABLES_VERSION)
      return false;
    return db.query<{ quick_check: string }>('PRAGMA quick_check(1)').one()?.quick_check === 'ok';
  });
}

/** Takes its name only when it is whole, so that one cut short is never taken for a damaged one. */
function create(folder: string, identity: LedgerIdentity, reason: SnapshotReason): Ledger {
  const file = join(folder, LEDGER_FILE);
  const unfinished = `${file}.new`;
  inFolder(folder, () => {
    for (const end of ['', '-journal']) rmSync(`${unfinished}${end}`, { force: true });
    closeSync(openSync(unfinished, 'wx', 0o600));
  });
  const made = new Database(unfinished);
  try {
    made.transaction(() => {
      createTables(made);
      const facts = new Facts(made);
      facts.identity = identity;
      facts.demandSnapshot(TYPES, reason);
    });
  } finally {
    made.close();
  }
  inFolder(folder, () => renameSync(unfinished, file));
  const db = new Database(file);
  prepare(db, folder);
  return new SqliteLedger(db);
}

/**
 * `synchronous = NORMAL`: a loss of power may take the last transactions away, which is then as if they had not been;
 * the one that may not be lost is made durable by itself. `secure_delete`: what is wiped does not stay in the file.
 */
function prepare(db: Database, folder: string): void {
  const quoted = folder.replaceAll("'", "''");
  db.exec(`
    PRAGMA temp_store_directory = '${quoted}';
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -8192;
    PRAGMA wal_autocheckpoint = 1000;
    PRAGMA journal_size_limit = 8388608;`);
}

function setAside(folder: string, now: number): void {
  const time = new Date(now).toISOString().replaceAll(':', '-');
  renameSync(join(folder, LEDGER_FILE), join(folder, `ledger.corrupt-${time}.db`));
  removeFiles(folder);
  dropCorrupt(folder, KEPT_CORRUPT_FILES);
}

function dropCorrupt(folder: string, keep: number): void {
  const files = readdirSync(folder)
    .filter((name) => CORRUPT_FILE.test(name))
    .sort();
  for (const name of files.slice(0, Math.max(0, files.length - keep))) rmSync(join(folder, name));
}

/** The database goes before what belongs to it: a reader never finds it with another one's log. */
function removeFiles(folder: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `${LEDGER_FILE}${end}`), { force: true });
}
