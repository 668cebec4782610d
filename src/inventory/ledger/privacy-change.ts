import type { Database } from './database.ts';
import { EnrichmentTable } from './enrichment-table.ts';
import { EntityTable } from './entity-table.ts';
import { Facts, TYPES } from './facts.ts';
import { Outbox } from './outbox.ts';
import { RunTable } from './run-table.ts';

/**
 * What was read under other privacy settings is wiped, and the receiver is to get all of it in its new form. Only ids
 * stay, for the tombstones. A run that was under way has failed.
 *
 * @param privacy the fingerprint of the new settings
 * @param at ISO 8601
 */
export function wipeRecords(db: Database, privacy: string, at: string): void {
  db.durably(() => {
    const runs = new RunTable(db);
    runs.failOpen(at, { code: 'RUN_INTERRUPTED', message: 'The privacy settings were changed.' });
    // The text of an older error may name what is now left out.
    runs.wipeMessages();
    for (const type of TYPES) new EntityTable(db, type).wipe();
    new EnrichmentTable(db).clear();
    new Outbox(db).clear();
    const facts = new Facts(db);
    facts.forgottenRuns = runs.newest();
    facts.privacy = privacy;
  });
}
