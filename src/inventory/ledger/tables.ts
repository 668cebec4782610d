import type { Database } from './database.ts';

/** `application_id` of a ledger: `BBAg`. */
export const APPLICATION_ID = 0x42424167;
/** `user_version` of a ledger. A file with another one is not read. */
export const TABLES_VERSION = 1;

/**
 * One narrow row for each entity, so that a run without changes writes little; its record stands elsewhere.
 * - `hash`: of the record; NULL when there is none (the entity is gone, or the privacy settings have changed)
 * - `acked`: the hash of the form the receiver has acknowledged; NULL when what it has is not known
 * - `offered`: 1 once it was in a batch: from then on a tombstone is owed when it goes
 * - `held`: 1 while a batch of the outbox, waiting or parked, names it
 * - `gone`: 1 when a complete run did not see it and the receiver has to be told
 * - `seen`, `first`, `changed`: the numbers of runs: the last that saw it, the first, the one that last changed its hash
 */
const entityTables = (type: string): string => `
  CREATE TABLE ${type} (
    id INTEGER PRIMARY KEY,
    hash TEXT,
    acked TEXT,
    offered INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    gone INTEGER NOT NULL DEFAULT 0,
    seen INTEGER NOT NULL,
    first INTEGER NOT NULL,
    changed INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX ${type}_pending ON ${type} (id) WHERE held = 0 AND (gone = 1 OR acked IS NOT hash);
  CREATE TABLE ${type}_record (id INTEGER PRIMARY KEY, record TEXT NOT NULL) STRICT;`;

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
