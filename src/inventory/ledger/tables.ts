import type { Database } from './database.ts';

/** `application_id` of a ledger: `BBAg`. */
export const APPLICATION_ID = 0x42424167;
/** `user_version` of a ledger. A file with another one is not read. */
export const TABLES_VERSION = 2;

/**
 * One narrow row for each entity; the records stand elsewhere, in the order they came in: pages of lists name ids from
 * all over, and a new record should not touch a page of the file for itself.
 * - `record`: the number of the record; NULL when there is none, as with `hash`
 * - `hash`: of the record; NULL when there is none (the entity is gone, or the privacy settings have changed)
 * - `acked`: the hash of the form the receiver has acknowledged; NULL when what it has is not known
 * - `offered`: 1 once it was in a batch: from then on a tombstone is owed when it goes
 * - `refused`: how many batches with this form of it were refused for good, one after the other
 * - `held`: 1 while a batch of the outbox, waiting or parked, names it
 * - `gone`: 1 when a complete run did not see it and the receiver has to be told
 * - `first`, `changed`: the numbers of runs: the first that saw it, the one that last changed its hash
 */
const entityTables = (type: string): string => `
  CREATE TABLE ${type} (
    id INTEGER PRIMARY KEY,
    record INTEGER,
    hash TEXT,
    acked TEXT,
    offered INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    first INTEGER NOT NULL,
    changed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX ${type}_pending ON ${type} (refused, id) WHERE held = 0 AND (gone = 1 OR acked IS NOT hash);
  CREATE INDEX ${type}_refused ON ${type} (id) WHERE refused > 0;
  CREATE TABLE ${type}_record (number INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;`;

const TABLES = `
  CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE run (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    users INTEGER NOT NULL,
    repositories INTEGER NOT NULL,
    enrichment INTEGER NOT NULL,
    kind TEXT NOT NULL,
    everything INTEGER NOT NULL,
    state TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    seen TEXT,
    changes TEXT,
    sequence INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    final INTEGER NOT NULL DEFAULT 0,
    error_code TEXT,
    error_message TEXT
  ) STRICT;
  ${entityTables('user')}
  ${entityTables('repository')}
  CREATE TABLE enrichment (id INTEGER PRIMARY KEY, enrichment TEXT NOT NULL, at TEXT NOT NULL) STRICT;
  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    size INTEGER NOT NULL,
    members TEXT NOT NULL,
    body BLOB,
    status INTEGER,
    text TEXT,
    UNIQUE (run, sequence)
  ) STRICT;`;

/** Makes the tables of a new ledger. Call it within a transaction. */
export function createTables(db: Database): void {
  db.exec(TABLES);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  db.exec(`PRAGMA user_version = ${TABLES_VERSION}`);
}
