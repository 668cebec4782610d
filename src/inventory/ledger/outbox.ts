import type { EntityType } from '../entity.ts';
import type { Database, Query } from './database.ts';
import type { Batch, OutboxState, ParkedBatch, Pending } from './ledger.ts';

const LONGEST_TEXT = 500;

/** The Bitbucket ids that a batch holds. */
export type Members = Readonly<Record<EntityType, readonly number[]>>;

interface OutboxRow {
  readonly id: number;
  readonly run_id: string;
  readonly sequence: number;
  readonly size: number;
  readonly members: string;
  readonly body: Uint8Array | null;
  readonly status: number | null;
  readonly text: string | null;
}

/** A parked batch with its members. */
export interface ParkedEntry {
  readonly id: number;
  readonly members: Members;
}

/** What waits, for those who only look. */
export function outboxState(db: Database): () => OutboxState {
  const query = db.query<{ waiting: number; parked: number; since: string | null }>(
    `SELECT count(*) FILTER (WHERE status IS NULL) AS waiting, count(status) AS parked,
       (SELECT min(started_at) FROM run
         WHERE state = 'delivering' OR number IN (SELECT run FROM outbox)) AS since
     FROM outbox`,
  );
  return () => {
    const { waiting = 0, parked = 0, since = null } = query.one() ?? {};
    return { waiting, parked, since: since === null ? null : Date.parse(since) };
  };
}

/** Parked batches for those who only look, oldest first. */
export function parkedBatches(db: Database): () => ParkedBatch[] {
  const query = db.query<OutboxRow>(
    'SELECT id, run_id, sequence, size, status, text FROM outbox WHERE status IS NOT NULL ORDER BY id',
  );
  return () =>
    query.all().map(({ run_id, sequence, size, status, text }) => ({
      runId: run_id,
      sequence,
      size,
      status: status ?? 0,
      text: text ?? '',
    }));
}

/**
 * Batches that wait, with their bodies, and batches that were refused, without: those are not sent again. All calls
 * belong into a transaction of the ledger.
 */
export class Outbox {
  readonly #insert;
  readonly #oldest: Query<OutboxRow>;
  readonly #waiting: Query<OutboxRow>;
  readonly #allWaiting: Query<OutboxRow>;
  readonly #parked: Query<OutboxRow>;
  readonly #parkedCount: Query<{ count: number }>;
  readonly #any: Query<object>;
  readonly #delete;
  readonly #park;
  readonly #shrink;
  readonly #clear;

  constructor(db: Database) {
    this.#insert = db.command(
      'INSERT INTO outbox (run, run_id, sequence, size, members, body) VALUES (?, ?, ?, ?, ?, ?)',
    );
    const waiting = 'FROM outbox WHERE status IS NULL AND run = ?';
    this.#oldest = db.query(`SELECT * ${waiting} ORDER BY id LIMIT 1`);
    this.#waiting = db.query(`SELECT id, size, members ${waiting} AND sequence = ?`);
    this.#allWaiting = db.query(`SELECT id, size, members ${waiting}`);
    this.#parked = db.query('SELECT id, members FROM outbox WHERE status IS NOT NULL ORDER BY id');
    this.#parkedCount = db.query('SELECT count(*) AS count FROM outbox WHERE status IS NOT NULL AND run = ?');
    this.#any = db.query('SELECT 1 FROM outbox LIMIT 1');
    this.#delete = db.command('DELETE FROM outbox WHERE id = ?');
    this.#park = db.command('UPDATE outbox SET body = NULL, status = ?2, text = ?3 WHERE id = ?1');
    this.#shrink = db.command('UPDATE outbox SET members = ?2, size = ?3 WHERE id = ?1');
    this.#clear = db.command('DELETE FROM outbox');
  }

  add(run: { number: number; runId: string }, batch: Batch, members: Members): void {
    const { sequence, size, body } = batch;
    this.#insert(run.number, run.runId, sequence, size, JSON.stringify(members), body);
  }

  oldest(run: number): Batch | null {
    const row = this.#oldest.one(run);
    if (row === null || row.body === null) return null;
    const { buffer, byteOffset, byteLength } = row.body;
    return { sequence: row.sequence, body: Buffer.from(buffer, byteOffset, byteLength), size: row.size };
  }

  /** Takes a waiting batch out; `null`: there is none of this sequence. */
  take(run: number, sequence: number): { readonly size: number; readonly members: Members } | null {
    const row = this.#waiting.one(run, sequence);
    if (row === null) return null;
    this.#delete(row.id);
    return { size: row.size, members: JSON.parse(row.members) };
  }

  /** Takes all waiting batches of a run out. */
  takeAll(run: number): Members[] {
    const rows = this.#allWaiting.all(run);
    for (const { id } of rows) this.#delete(id);
    return rows.map(({ members }) => JSON.parse(members));
  }

  /** @returns its members; `null`: no batch of this sequence waits */
  park(run: number, sequence: number, status: number, text: string): Members | null {
    const row = this.#waiting.one(run, sequence);
    if (row === null) return null;
    this.#park(row.id, status, text.slice(0, LONGEST_TEXT));
    return JSON.parse(row.members);
  }

  parked(): ParkedEntry[] {
    return this.#parked.all().map(({ id, members }) => ({ id, members: JSON.parse(members) }));
  }

  /** How many batches of this run were refused. */
  parkedCount(run: number): number {
    return this.#parkedCount.one(run)?.count ?? 0;
  }

  /** Leaves a parked batch only these members, or drops it when there are none. */
  shrink(id: number, members: Members): void {
    const size = members.user.length + members.repository.length;
    if (size === 0) this.#delete(id);
    else this.#shrink(id, JSON.stringify(members), size);
  }

  isEmpty(): boolean {
    return this.#any.one() === null;
  }

  clear(): void {
    this.#clear();
  }
}

export function membersOf(pending: readonly Pending[]): Members {
  const of = (type: EntityType) =>
    pending.filter((member) => member.type === type).map(({ sourceId }) => sourceId);
  return { user: of('user'), repository: of('repository') };
}
