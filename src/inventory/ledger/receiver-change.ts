import type { Database } from './database.ts';
import { EntityTable } from './entity-table.ts';
import { Facts, TYPES } from './facts.ts';
import { Outbox } from './outbox.ts';
import { RunTable } from './run-table.ts';

/**
 * What one receiver has acknowledged, another one does not have. When the ledger was kept for another one, or for one
 * that it does not know, nothing counts as sent from here on: the outbox is dropped, a run that was under way has
 * failed, and a snapshot is due.
 *
 * @param receiver `null`: nothing is sent, and what is known of the last one stays
 * @param at ISO 8601
 */
export function serveReceiver(db: Database, receiver: string | null, at: string): void {
  const facts = new Facts(db);
  if (typeof receiver !== 'string' || facts.receiver === receiver) return;
  db.durably(() => {
    const isOther = facts.receiver !== null || anythingSent(db);
    facts.receiver = receiver;
    if (!isOther) return;
    const message = 'The receiver or the profile was changed before everything was sent.';
    new RunTable(db).failOpen(at, { code: 'RUN_INTERRUPTED', message });
    for (const type of TYPES) new EntityTable(db, type).forgetReceiver();
    new Outbox(db).clear();
    facts.demandSnapshot(TYPES, 'other-receiver');
  });
}

const anythingSent = (db: Database): boolean =>
  !new Outbox(db).isEmpty() || TYPES.some((type) => new EntityTable(db, type).anyOffered());
