import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EntityType } from '../entity.ts';
import { Database, type Query } from './database.ts';
import { enrichmentLookup } from './enrichment-table.ts';
import { Facts, type LedgerIdentity } from './facts.ts';
import type { Entry, LedgerReader } from './ledger.ts';
import { outboxState, parkedBatches } from './outbox.ts';
import { RunList } from './run-table.ts';
import { LEDGER_FILE } from './state-folder.ts';
import { TABLES_VERSION } from './tables.ts';

/**
 * Opens the ledger for reading, also while another process writes. `null`: there is none yet, it cannot be read, or it
 * holds the inventory of another Bitbucket or under other privacy settings. After a change of those settings
 * `lastComplete` and `lastCollected` are `null` until there has been a run again.
 */
export function openLedgerReader(
  folder: string,
  identity: Pick<LedgerIdentity, 'baseUrl' | 'privacy'>,
): LedgerReader | null {
  const file = join(folder, LEDGER_FILE);
  if (!existsSync(file)) return null;
  let db: Database | null = null;
  try {
    db = new Database(file, { readOnly: true });
    const reader = readerOf(db, identity);
    if (reader === null) db.close();
    return reader;
  } catch {
    db?.close();
    return null;
  }
}

function readerOf(db: Database, identity: Pick<LedgerIdentity, 'baseUrl' | 'privacy'>): LedgerReader | null {
  db.exec('PRAGMA cache_size = -2048');
  const version = db.read(() => db.query<{ user_version: number }>('PRAGMA user_version').one());
  if (version?.user_version !== TABLES_VERSION) return null;
  const facts = new Facts(db);
  const isOf = db.read(() => facts.baseUrl === identity.baseUrl && facts.privacy === identity.privacy);
  if (!isOf) return null;
  const runs = new RunList(db);
  const parked = parkedBatches(db);
  const outbox = outboxState(db);
  const enrichments = enrichmentLookup(db);
  const entities = (type: EntityType): Query<Entry> =>
    db.query(`SELECT id AS sourceId, text AS record FROM ${type} JOIN ${type}_record ON number = record
      WHERE id > ? ORDER BY id LIMIT ?`);
  const byType = { user: entities('user'), repository: entities('repository') };
  return {
    runs: (count, before = Number.MAX_SAFE_INTEGER) => db.read(() => runs.list(count, before)),
    lastComplete: (part) => db.read(() => runs.lastComplete(part, facts.forgottenRuns)),
    lastCollected: (part) => db.read(() => runs.lastCollected(part, facts.forgottenRuns)),
    entities: (type, after, count) => db.read(() => byType[type].all(after, count)),
    parked: () => db.read(parked),
    outbox: () => db.read(outbox),
    enrichments: (sourceIds) => db.read(() => enrichments(sourceIds)),
    close: () => db.close(),
  };
}
