import type { Database, Query } from './database.ts';
import type { Changes, Run, RunKind, RunStart, RunState, Scope, Seen } from './ledger.ts';

const KEPT_RUNS = 1000;
const LONGEST_MESSAGE = 2000;
/** Partial runs come often; they must not crowd out the others. */
const KEPT_PARTIAL_RUNS = 50;
/** In a column of the scope: some of this part was looked at. The queries for whole parts ask for 1. */
const SOME = 2;

interface RunRow {
  readonly number: number;
  readonly run_id: string;
  readonly users: number;
  readonly repositories: number;
  readonly enrichment: number;
  readonly kind: RunKind;
  readonly everything: number;
  readonly state: RunState;
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly seen: string | null;
  readonly changes: string | null;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly sent: number;
  readonly final: number;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

/** A run with what only the ledger needs of it. */
export interface RunEntry extends Run {
  /** Nothing of its scope counts as acknowledged once it is read. */
  readonly everything: boolean;
  /** The last batch's sequence. */
  readonly sequence: number;
  /** How many batches were acknowledged. */
  readonly acknowledged: number;
  /** The manifest was acknowledged: there is nothing left to send. */
  readonly final: boolean;
}

/** The newest runs that say when each part was read and acknowledged last, for schedule, lists and counts. */
const MILESTONES = ['users', 'repositories', 'enrichment']
  .flatMap((part) =>
    ["state = 'complete'", 'seen IS NOT NULL'].map(
      (such) => `SELECT max(number) AS newest FROM run WHERE ${such} AND ${part} = 1`,
    ),
  )
  .join(' UNION ');

/** The runs for those who only look. */
export class RunList {
  readonly #list: Query<RunRow>;
  readonly #complete: (part: keyof Scope) => Query<RunRow>;
  readonly #collected: (part: keyof Scope) => Query<RunRow>;

  constructor(db: Database) {
    this.#list = db.query('SELECT * FROM run WHERE number < ? ORDER BY number DESC LIMIT ?');
    const newest = (such: string) => (part: keyof Scope) =>
      db.query<RunRow>(
        `SELECT * FROM run WHERE number > ? AND ${such} AND ${part} = 1 ORDER BY number DESC LIMIT 1`,
      );
    this.#complete = newest("state = 'complete'");
    this.#collected = newest('seen IS NOT NULL');
  }

  /** Newest first. */
  list(count: number, before: number): Run[] {
    return this.#list.all(before, count).map((row) => runOf(row));
  }

  /** @param after only runs with greater numbers */
  lastComplete(part: keyof Scope, after: number): Run | null {
    const row = this.#complete(part).one(after);
    return row === null ? null : runOf(row);
  }

  /** @param after only runs with greater numbers */
  lastCollected(part: keyof Scope, after: number): Run | null {
    const row = this.#collected(part).one(after);
    return row === null ? null : runOf(row);
  }
}

/** The runs for the one who writes them. All calls belong into a transaction of the ledger. */
export class RunTable {
  readonly #get: Query<RunRow>;
  readonly #inState: Query<RunRow>;
  readonly #insert;
  readonly #trim;
  readonly #trimPartial;
  readonly #failCollecting;
  readonly #baseline: ReadonlyMap<'users' | 'repositories', Query<{ number: number | null }>>;
  readonly #collected;
  readonly #end;
  readonly #enqueued;
  readonly #acknowledged;
  readonly #newest: Query<{ number: number | null }>;
  readonly #wipeMessages;

  constructor(db: Database) {
    this.#get = db.query('SELECT * FROM run WHERE number = ?');
    this.#inState = db.query('SELECT * FROM run WHERE state = ? ORDER BY number DESC LIMIT 1');
    this.#insert = db.query<{ number: number }>(
      `INSERT INTO run (run_id, users, repositories, enrichment, kind, everything, state, started_at)
       VALUES (?, ?, ?, ?, ?, ?, 'collecting', ?) RETURNING number`,
    );
    this.#trim = db.command(
      `DELETE FROM run WHERE number <= ?
       AND number NOT IN (SELECT newest FROM (${MILESTONES}) WHERE newest IS NOT NULL)`,
    );
    this.#trimPartial = db.command(
      `DELETE FROM run WHERE repositories = ${SOME} AND state IN ('complete', 'failed') AND number NOT IN
       (SELECT number FROM run WHERE repositories = ${SOME} ORDER BY number DESC LIMIT ${KEPT_PARTIAL_RUNS})`,
    );
    this.#failCollecting = db.command(
      `UPDATE run SET state = 'failed', ended_at = ?, error_code = ?, error_message = ? WHERE state = 'collecting'`,
    );
    const baseline = (part: string) =>
      db.query<{ number: number | null }>(
        `SELECT max(number) AS number FROM run WHERE number < ? AND changes IS NOT NULL AND ${part} > 0`,
      );
    this.#baseline = new Map([
      ['users', baseline('users')],
      ['repositories', baseline('repositories')],
    ]);
    this.#collected = db.command(
      `UPDATE run SET state = 'delivering', seen = ?, changes = ? WHERE number = ?`,
    );
    this.#end = db.command(
      'UPDATE run SET state = ?, ended_at = ?, error_code = ?, error_message = ? WHERE number = ?',
    );
    this.#enqueued = db.command('UPDATE run SET sequence = ? WHERE number = ?');
    this.#acknowledged = db.command(
      'UPDATE run SET acknowledged = acknowledged + 1, sent = sent + ?1, final = (?1 = 0) WHERE number = ?2',
    );
    this.#newest = db.query('SELECT max(number) AS number FROM run');
    this.#wipeMessages = db.command(`UPDATE run SET error_message = '' WHERE error_message IS NOT NULL`);
  }

  get(number: number): RunEntry | null {
    const row = this.#get.one(number);
    return row === null ? null : runOf(row);
  }

  inState(state: RunState): RunEntry | null {
    const row = this.#inState.one(state);
    return row === null ? null : runOf(row);
  }

  /** Makes a collecting run. @returns its number */
  insert(run: RunStart): number {
    const { users, repositories, enrichment } = run.scope;
    const looked = run.partial === true ? SOME : 1;
    const flags = [users, repositories, enrichment].map((part) => (part ? looked : 0));
    const everything = run.kind === 'snapshot' || run.everything === true ? 1 : 0;
    const number = this.#insert.one(run.runId, ...flags, run.kind, everything, run.startedAt)?.number ?? 0;
    this.#trim(number - KEPT_RUNS);
    if (run.partial === true) this.#trimPartial();
    return number;
  }

  failCollecting(at: string, error: NonNullable<Run['error']>): void {
    this.#failCollecting(at, error.code, error.message);
  }

  /** The last run before this one that read a part, or some of it, to the end; 0 when there is none. */
  baseline(part: 'users' | 'repositories', before: number): number {
    return this.#baseline.get(part)?.one(before)?.number ?? 0;
  }

  collected(number: number, seen: Seen, changes: Changes): void {
    this.#collected(JSON.stringify(seen), JSON.stringify(changes), number);
  }

  /** Whatever is under way has failed. */
  failOpen(at: string, error: NonNullable<Run['error']>): void {
    this.failCollecting(at, error);
    const delivering = this.inState('delivering');
    if (delivering !== null) this.end(delivering.number, 'failed', at, error);
  }

  end(number: number, state: RunState, at: string, error: Run['error']): void {
    const message = error?.message.slice(0, LONGEST_MESSAGE) ?? null;
    this.#end(state, at, error?.code ?? null, message, number);
  }

  enqueued(number: number, sequence: number): void {
    this.#enqueued(sequence, number);
  }

  /** The newest run's number; 0 when there is none. */
  newest(): number {
    return this.#newest.one()?.number ?? 0;
  }

  /** Leaves the codes of errors and takes their texts away. */
  wipeMessages(): void {
    this.#wipeMessages();
  }

  /** @param size 0: the manifest */
  acknowledged(number: number, size: number): void {
    this.#acknowledged(size, number);
  }
}

function runOf(row: RunRow): RunEntry {
  const { users, repositories, enrichment } = row;
  return {
    number: row.number,
    runId: row.run_id,
    scope: { users: users > 0, repositories: repositories > 0, enrichment: enrichment > 0 },
    ...(repositories === SOME ? { partial: true } : {}),
    kind: row.kind,
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    seen: row.seen === null ? null : JSON.parse(row.seen),
    changes: row.changes === null ? null : JSON.parse(row.changes),
    sent: row.sent,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? '' },
    everything: row.everything === 1,
    sequence: row.sequence,
    acknowledged: row.acknowledged,
    final: row.final === 1,
  };
}
