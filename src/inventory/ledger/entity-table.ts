import { hash } from 'node:crypto';
import type { EntityType } from '../entity.ts';
import type { Database, Query } from './database.ts';
import type { Changes, Entry, Pending } from './ledger.ts';
import type { RunEntry } from './run-table.ts';

/** 132 bits of SHA-256 in base64url: enough to tell any two forms of an entity apart. */
const HASH_LENGTH = 22;

const IDS = '(SELECT value FROM json_each(?))';

interface EntityRow {
  readonly hash: string | null;
  readonly seen: number;
}

/** What the ledger knows of one type of entity. All calls belong into a transaction of the ledger. */
export class EntityTable {
  readonly type: EntityType;
  readonly #find: Query<EntityRow>;
  readonly #insert;
  readonly #touch;
  readonly #touchAll;
  readonly #change;
  readonly #putRecord;
  readonly #recordSeen: Query<{ record: string }>;
  readonly #pending: Query<{ id: number; record: string | null }>;
  readonly #pendingCount: Query<{ count: number }>;
  readonly #members: Query<{ id: number; record: string | null }>;
  readonly #hold;
  readonly #release;
  readonly #acknowledge;
  readonly #forgetTold;
  readonly #db: Database;

  constructor(db: Database, type: EntityType) {
    this.#db = db;
    this.type = type;
    const select = `SELECT id, record FROM ${type} LEFT JOIN ${type}_record USING (id)`;
    const open = 'held = 0 AND (gone = 1 OR acked IS NOT hash)';
    this.#find = db.query(`SELECT hash, seen FROM ${type} WHERE id = ?`);
    this.#insert = db.command(
      `INSERT INTO ${type} (id, hash, seen, first, changed) VALUES (?1, ?2, ?3, ?3, ?3)`,
    );
    this.#touch = db.command(`UPDATE ${type} SET seen = ?2 WHERE id = ?1`);
    this.#touchAll = db.command(
      `UPDATE ${type} SET seen = ?1 WHERE seen <> ?1 AND gone = 0 AND id IN (SELECT value FROM json_each(?2))`,
    );
    this.#change = db.command(
      `UPDATE ${type} SET hash = ?2, seen = ?3, changed = ?3, gone = 0 WHERE id = ?1`,
    );
    this.#putRecord = db.command(
      `INSERT INTO ${type}_record (id, record) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET record = ?2`,
    );
    this.#recordSeen = db.query(
      `SELECT record FROM ${type} JOIN ${type}_record USING (id) WHERE id = ? AND seen = ?`,
    );
    this.#pending = db.query(`${select} WHERE ${open} ORDER BY id LIMIT ?`);
    this.#pendingCount = db.query(`SELECT count(*) AS count FROM ${type} WHERE ${open}`);
    this.#members = db.query(`${select} WHERE id IN ${IDS} ORDER BY id`);
    this.#hold = db.command(
      `UPDATE ${type} SET held = 1, offered = 1, acked = NULL WHERE held = 0 AND id IN ${IDS}`,
    );
    this.#release = db.command(`UPDATE ${type} SET held = 0 WHERE id IN ${IDS}`);
    this.#acknowledge = db.command(
      `UPDATE ${type} SET held = 0, acked = hash WHERE gone = 0 AND id IN ${IDS}`,
    );
    this.#forgetTold = db.command(`DELETE FROM ${type} WHERE gone = 1 AND id IN ${IDS}`);
  }

  /** @returns how many were new to the run */
  store(run: number, entries: readonly Entry[]): number {
    let fresh = 0;
    for (const { sourceId, record } of entries) {
      const row = this.#find.one(sourceId);
      if (row?.seen === run) continue;
      fresh += 1;
      this.#keep(run, sourceId, record, row);
    }
    return fresh;
  }

  /** A new form of an entity. @returns false when the run has not seen it */
  replace(run: number, sourceId: number, record: string): boolean {
    const row = this.#find.one(sourceId);
    if (row?.seen !== run) return false;
    this.#keep(run, sourceId, record, row);
    return true;
  }

  /** Seen again, whatever its form; what is not known stays unknown. */
  touch(run: number, ids: readonly number[]): void {
    if (ids.length > 0) this.#touchAll(run, JSON.stringify(ids));
  }

  recordSeenBy(run: number, sourceId: number): string | null {
    return this.#recordSeen.one(sourceId, run)?.record ?? null;
  }

  /**
   * What the run did not see is gone; what was never offered is forgotten at once.
   * @param baseline the last run before it that read all of this type
   */
  complete({ number: run, kind, everything }: RunEntry, baseline: number): Changes {
    const changes = this.#changes(run, baseline);
    const forgotten = kind === 'snapshot' ? 'seen <> ?' : 'seen <> ? AND offered = 0';
    this.#db.command(
      `DELETE FROM ${this.type}_record WHERE id IN (SELECT id FROM ${this.type} WHERE seen <> ?)`,
    )(run);
    this.#db.command(`DELETE FROM ${this.type} WHERE ${forgotten}`)(run);
    this.#db.command(`UPDATE ${this.type} SET gone = 1, hash = NULL WHERE seen <> ? AND gone = 0`)(run);
    if (everything) this.#db.exec(`UPDATE ${this.type} SET acked = NULL WHERE acked IS NOT NULL`);
    return changes;
  }

  pending(count: number): Pending[] {
    return this.#pending.all(count).map((row) => this.#pendingOf(row));
  }

  pendingCount(): number {
    return this.#pendingCount.one()?.count ?? 0;
  }

  /** These entities, as a batch would hold them. */
  members(ids: readonly number[]): Pending[] {
    return ids.length === 0 ? [] : this.#members.all(JSON.stringify(ids)).map((row) => this.#pendingOf(row));
  }

  /** A batch has them now; what the receiver knows of them is open until it answers. @returns how many were free */
  hold(ids: readonly number[]): number {
    return ids.length === 0 ? 0 : this.#hold(JSON.stringify(ids));
  }

  release(ids: readonly number[]): void {
    if (ids.length > 0) this.#release(JSON.stringify(ids));
  }

  /** The receiver has these; those that are gone have done their duty. */
  acknowledge(ids: readonly number[]): void {
    if (ids.length === 0) return;
    const json = JSON.stringify(ids);
    this.#acknowledge(json);
    this.#forgetTold(json);
  }

  /** Nothing of what was read stays; the ids do, for the tombstones. */
  wipe(): void {
    this.#db.exec(
      `DELETE FROM ${this.type}_record; UPDATE ${this.type} SET hash = NULL, acked = NULL, held = 0`,
    );
  }

  #keep(run: number, id: number, record: string, row: EntityRow | null): void {
    const digest = hash('sha256', record, 'base64url').slice(0, HASH_LENGTH);
    if (row?.hash === digest) return void this.#touch(id, run);
    if (row === null) this.#insert(id, digest, run);
    else this.#change(id, digest, run);
    this.#putRecord(id, record);
  }

  #changes(run: number, baseline: number): Changes {
    const row = this.#db
      .query<Changes>(`SELECT
        count(*) FILTER (WHERE seen = ?1 AND first > ?2) AS added,
        count(*) FILTER (WHERE seen = ?1 AND first <= ?2 AND changed > ?2) AS changed,
        count(*) FILTER (WHERE seen <> ?1 AND first <= ?2 AND gone = 0) AS deleted
        FROM ${this.type}`)
      .one(run, baseline);
    return row === null ? { added: 0, changed: 0, deleted: 0 } : { ...row };
  }

  #pendingOf({ id, record }: { id: number; record: string | null }): Pending {
    return { type: this.type, sourceId: id, record };
  }
}
