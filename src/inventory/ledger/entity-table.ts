import { hash } from 'node:crypto';
import type { EntityType } from '../entity.ts';
import { IdSet } from '../id-set.ts';
import type { Database, Query } from './database.ts';
import type { Changes, Entry, Pending } from './ledger.ts';
import type { RunEntry } from './run-table.ts';

/** 132 bits of SHA-256 in base64url: enough to tell any two forms of an entity apart. */
const HASH_LENGTH = 22;

const IDS = '(SELECT value FROM json_each(?))';
const IDS_AT_ONCE = 1000;

interface EntityRow {
  readonly record: number | null;
  readonly hash: string | null;
}

interface PresentRow {
  readonly id: number;
  /** 1: it has a record. */
  readonly known: number;
}

/**
 * What the ledger knows of one type of entity. All calls belong into a transaction of the ledger. What the run under way
 * has seen is held in memory, a bit each: a run that dies has to see everything again anyway, and one that finds nothing
 * changed writes nothing.
 */
export class EntityTable {
  readonly type: EntityType;
  readonly #find: Query<EntityRow>;
  readonly #insert;
  readonly #change;
  readonly #addRecord;
  readonly #changeRecord;
  readonly #record: Query<{ record: string }>;
  readonly #present: Query<PresentRow>;
  readonly #presentAfter: Query<PresentRow>;
  readonly #idsAfter: Query<{ ids: string }>;
  readonly #pending: Query<{ id: number; record: string | null }>;
  readonly #pendingCount: Query<{ count: number }>;
  readonly #leastRefused: Query<{ refused: number | null }>;
  readonly #refusedCount: Query<{ count: number }>;
  readonly #members: Query<{ id: number; record: string | null }>;
  readonly #hold;
  readonly #release;
  readonly #refuse;
  readonly #acknowledge;
  readonly #forgetTold;
  readonly #db: Database;
  #seen = new IdSet();

  constructor(db: Database, type: EntityType) {
    this.#db = db;
    this.type = type;
    const select = `SELECT id, text AS record FROM ${type} LEFT JOIN ${type}_record ON number = record`;
    const open = 'held = 0 AND (gone = 1 OR acked IS NOT hash)';
    this.#find = db.query(`SELECT record, hash FROM ${type} WHERE id = ?`);
    this.#insert = db.command(
      `INSERT INTO ${type} (id, record, hash, first, changed) VALUES (?1, last_insert_rowid(), ?2, ?3, ?3)`,
    );
    this.#change = db.command(
      `UPDATE ${type} SET record = ifnull(record, last_insert_rowid()), hash = ?2, changed = ?3, gone = 0, refused = 0
       WHERE id = ?1`,
    );
    this.#addRecord = db.command(`INSERT INTO ${type}_record (text) VALUES (?)`);
    this.#changeRecord = db.command(`UPDATE ${type}_record SET text = ?2 WHERE number = ?1`);
    this.#record = db.query(
      `SELECT text AS record FROM ${type} JOIN ${type}_record ON number = record WHERE id = ?`,
    );
    const present = `SELECT id, hash IS NOT NULL AS known FROM ${type} WHERE gone = 0`;
    this.#present = db.query(`${present} AND id IN ${IDS}`);
    this.#presentAfter = db.query(`${present} AND id > ? ORDER BY id LIMIT ?`);
    this.#idsAfter = db.query(
      `SELECT json_group_array(id) AS ids FROM (SELECT id FROM ${type} WHERE id > ? ORDER BY id LIMIT ?)`,
    );
    this.#pending = db.query(`${select} WHERE ${open} AND refused = ? ORDER BY id LIMIT ?`);
    this.#leastRefused = db.query(`SELECT min(refused) AS refused FROM ${type} WHERE ${open}`);
    this.#refusedCount = db.query(
      `SELECT count(*) AS count FROM (SELECT 1 FROM ${type} WHERE refused > 0 LIMIT ?)`,
    );
    this.#pendingCount = db.query(`SELECT count(*) AS count FROM ${type} WHERE ${open}`);
    this.#members = db.query(`${select} WHERE id IN ${IDS} ORDER BY id`);
    this.#hold = db.command(
      `UPDATE ${type} SET held = 1, offered = 1, acked = NULL WHERE held = 0 AND id IN ${IDS}`,
    );
    this.#release = db.command(`UPDATE ${type} SET held = 0 WHERE id IN ${IDS}`);
    this.#refuse = db.command(`UPDATE ${type} SET refused = refused + 1 WHERE id IN ${IDS}`);
    this.#acknowledge = db.command(
      `UPDATE ${type} SET held = 0, refused = 0, acked = hash WHERE gone = 0 AND id IN ${IDS}`,
    );
    this.#forgetTold = db.command(`DELETE FROM ${type} WHERE gone = 1 AND id IN ${IDS}`);
  }

  /** A run begins that has seen nothing yet. */
  begin(): void {
    this.#seen = new IdSet();
  }

  /** @returns how many were new to the run */
  store(run: number, entries: readonly Entry[]): number {
    let fresh = 0;
    for (const { sourceId, record } of entries) {
      if (!this.#seen.add(sourceId)) continue;
      fresh += 1;
      this.#keep(run, sourceId, record);
    }
    return fresh;
  }

  /** A new form of an entity. @returns false when the run has not seen it */
  replace(run: number, sourceId: number, record: string): boolean {
    if (!this.#seen.has(sourceId)) return false;
    this.#keep(run, sourceId, record);
    return true;
  }

  /**
   * Seen again, whatever its form; what is not known stays unknown.
   * @returns how many were new to the run and have a record
   */
  touch(ids: readonly number[] | 'all'): number {
    if (ids !== 'all') return this.#touch(this.#present.all(JSON.stringify(ids)));
    return this.#eachPresent((rows) => this.#touch(rows));
  }

  /** How many of those that are not gone the run has not seen. */
  unseenCount(): number {
    return this.#eachPresent((rows) => rows.filter(({ id }) => !this.#seen.has(id)).length);
  }

  /** As the run under way has stored it. */
  recordOf(sourceId: number): string | null {
    return this.#seen.has(sourceId) ? (this.#record.one(sourceId)?.record ?? null) : null;
  }

  /**
   * What the run did not see is gone; what was never offered is forgotten at once.
   * @param baseline the last run before it that read all of this type
   */
  complete({ everything }: RunEntry, baseline: number): Changes {
    const { type } = this;
    const unseen = JSON.stringify(this.#unseen());
    const changes = this.changes(baseline, unseen);
    this.#db.command(
      `DELETE FROM ${type}_record WHERE number IN (SELECT record FROM ${type} WHERE id IN ${IDS})`,
    )(unseen);
    this.#db.command(`DELETE FROM ${type} WHERE id IN ${IDS} AND offered = 0`)(unseen);
    this.#db.command(
      `UPDATE ${type} SET gone = 1, refused = 0, record = NULL, hash = NULL WHERE gone = 0 AND id IN ${IDS}`,
    )(unseen);
    if (everything) this.#db.exec(`UPDATE ${type} SET acked = NULL WHERE acked IS NOT NULL`);
    return changes;
  }

  /** The fewest refusals that any pending entity has met with; `null`: none is pending. */
  leastRefused(): number | null {
    return this.#leastRefused.one()?.refused ?? null;
  }

  /** How many entities stand refused, counted up to `most`. */
  refusedCount(most: number): number {
    return this.#refusedCount.one(most)?.count ?? 0;
  }

  pending(refused: number, count: number): Pending[] {
    return this.#pending.all(refused, count).map((row) => this.#pendingOf(row));
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

  /** The receiver does not take the batch with these. */
  refuse(ids: readonly number[]): void {
    if (ids.length > 0) this.#refuse(JSON.stringify(ids));
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
      `DELETE FROM ${this.type}_record;
       UPDATE ${this.type} SET record = NULL, hash = NULL, acked = NULL, held = 0, refused = 0`,
    );
  }

  /** Whether anything of it was ever in a batch. */
  anyOffered(): boolean {
    return this.#db.query(`SELECT 1 FROM ${this.type} WHERE offered = 1 LIMIT 1`).one() !== null;
  }

  /** There is a receiver that knows nothing yet, so no tombstone is owed. */
  forgetReceiver(): void {
    this.#db.exec(
      `DELETE FROM ${this.type} WHERE gone = 1;
       UPDATE ${this.type} SET acked = NULL, offered = 0, held = 0, refused = 0 WHERE offered = 1`,
    );
  }

  /** @returns the sum of what `count` says of all that are not gone */
  #eachPresent(count: (rows: readonly PresentRow[]) => number): number {
    let sum = 0;
    for (let after = -1; ; ) {
      const rows = this.#presentAfter.all(after, IDS_AT_ONCE);
      const last = rows.at(-1);
      if (last === undefined) return sum;
      sum += count(rows);
      after = last.id;
    }
  }

  #touch(rows: readonly PresentRow[]): number {
    return rows.filter(({ id, known }) => this.#seen.add(id) && known === 1).length;
  }

  #keep(run: number, id: number, record: string): void {
    const row = this.#find.one(id);
    const digest = hash('sha256', record, 'base64url').slice(0, HASH_LENGTH);
    if (row?.hash === digest) return;
    if (row === null || row.record === null) this.#addRecord(record);
    else this.#changeRecord(row.record, record);
    if (row === null) this.#insert(id, digest, run);
    else this.#change(id, digest, run);
  }

  #unseen(): number[] {
    const unseen: number[] = [];
    for (let ids = this.#after(-1); ids.length > 0; ids = this.#after(ids.at(-1) ?? 0))
      for (const id of ids) if (!this.#seen.has(id)) unseen.push(id);
    return unseen;
  }

  #after(id: number): readonly number[] {
    return idsIn(this.#idsAfter.one(id, IDS_AT_ONCE));
  }

  /** What is new or has changed since a run. @param unseen the ids of those that are gone, as JSON */
  changes(baseline: number, unseen = '[]'): Changes {
    const row = this.#db
      .query<Changes>(`WITH unseen AS MATERIALIZED (SELECT value AS id FROM json_each(?1))
        SELECT
          count(*) FILTER (WHERE id NOT IN unseen AND first > ?2) AS added,
          count(*) FILTER (WHERE id NOT IN unseen AND first <= ?2 AND changed > ?2) AS changed,
          count(*) FILTER (WHERE id IN unseen AND first <= ?2 AND gone = 0) AS deleted
        FROM ${this.type}`)
      .one(unseen, baseline);
    return row === null ? { added: 0, changed: 0, deleted: 0 } : { ...row };
  }

  #pendingOf({ id, record }: { id: number; record: string | null }): Pending {
    return { type: this.type, sourceId: id, record };
  }
}

const idsIn = (row: { ids: string } | null): readonly number[] => (row === null ? [] : JSON.parse(row.ids));
