import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Database, SQLITE, sqliteCode } from './database.ts';
import { Facts, type LedgerIdentity, TYPES } from './facts.ts';
import type { Ledger, SnapshotReason } from './ledger.ts';
import { wipeRecords } from './privacy-change.ts';
import { serveReceiver } from './receiver-change.ts';
import { dropSetAside, removeLedger, setAside } from './set-aside.ts';
import { SqliteLedger } from './sqlite-ledger.ts';
import { inFolder, LEDGER_FILE, makeFolder } from './state-folder.ts';
import { APPLICATION_ID, createTables, TABLES_VERSION } from './tables.ts';

export { openLedgerReader } from './ledger-reader.ts';

/** What SQLite says of a file that is none of its own, is damaged or lacks a table. */
const DAMAGED: ReadonlySet<number> = new Set([SQLITE.ERROR, SQLITE.CORRUPT, SQLITE.NOTADB]);

interface Found {
  readonly db: Database;
  readonly facts: Facts;
}

/**
 * Opens the ledger in the state folder, for the process that holds the folder's lock. One that is not there, cannot be
 * read or belongs to another Bitbucket is replaced by a new one, and `snapshotDue` says why. One that cannot be read is
 * kept beside it while the settings are those it was written under. When the privacy settings have changed, every record
 * is wiped; when the receiver is another one, nothing counts as sent to it.
 *
 * @param now epoch milliseconds
 * @throws AgentError `STATE_UNUSABLE`
 */
export function openLedger(folder: string, identity: LedgerIdentity, { now }: { now: () => number }): Ledger {
  const at = resolve(folder);
  makeFolder(at);
  const time = now();
  const found = existsSync(join(at, LEDGER_FILE)) ? openSound(at) : null;
  const isOwn = found !== null && found.facts.baseUrl === identity.baseUrl;
  if (!isOwn) found?.db.close();
  const db = isOwn
    ? adapt(found, at, identity, time)
    : create(at, identity, makeRoom(at, identity, found, time));
  serveReceiver(db, identity.receiver, new Date(time).toISOString());
  // What was wiped does not stay in the log either, also when the process that wiped it ended just then.
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  return new SqliteLedger(db);
}

/** After a change of the privacy settings nothing stays that was read before. */
function adapt(
  { db, facts }: Found,
  folder: string,
  { baseUrl, privacy }: LedgerIdentity,
  now: number,
): Database {
  // These go first: once the wipe is done nothing calls for it again.
  inFolder(folder, () => dropSetAside(folder, { baseUrl, privacy }));
  if (facts.privacy !== privacy) wipeRecords(db, privacy, new Date(now).toISOString());
  return db;
}

/** Takes what cannot be used out of the way. @returns why there is nothing to go on with */
function makeRoom(
  folder: string,
  identity: LedgerIdentity,
  found: Found | null,
  now: number,
): SnapshotReason {
  if (!existsSync(join(folder, LEDGER_FILE))) return 'new';
  return inFolder(folder, () => {
    if (found === null) return setAside(folder, identity, now) ? 'corrupt' : 'corrupt-removed';
    dropSetAside(folder, null);
    removeLedger(folder);
    return 'other-bitbucket';
  });
}

/** `null`: the file is no ledger of this version, or a damaged one. */
function openSound(folder: string): Found | null {
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

/**
 * Takes its name only when it is whole, so that one cut short is never taken for a damaged one, and when no log of an
 * earlier one is left: SQLite would play that into it.
 */
function create(folder: string, identity: LedgerIdentity, reason: SnapshotReason): Database {
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
      facts.baseUrl = identity.baseUrl;
      facts.privacy = identity.privacy;
      facts.demandSnapshot(TYPES, reason);
    });
  } finally {
    made.close();
  }
  inFolder(folder, () => {
    dropSetAside(folder, identity);
    removeLedger(folder);
    renameSync(unfinished, file);
  });
  const db = new Database(file);
  prepare(db, folder);
  return db;
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
    PRAGMA cache_size = -2048;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA journal_size_limit = 16777216;`);
}
