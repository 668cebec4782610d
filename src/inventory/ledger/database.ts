import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { AgentError } from '../../errors.ts';

const BUSY_MS = 5000;

/** SQLite's primary result codes, https://www.sqlite.org/rescode.html. */
export const SQLITE = { ERROR: 1, BUSY: 5, READONLY: 8, CORRUPT: 11, FULL: 13, NOTADB: 26 } as const;

export interface Query<Row> {
  one(...values: SQLInputValue[]): Row | null;
  all(...values: SQLInputValue[]): Row[];
}

/** A SQLite file with its statements typed and its failures named. */
export class Database {
  readonly #file: string;
  readonly #db: DatabaseSync;

  /**
   * @param busyMs how long a statement waits for another connection before it fails
   * @throws AgentError `STATE_UNUSABLE`, as all that follows does
   */
  constructor(file: string, { readOnly = false, busyMs = BUSY_MS } = {}) {
    this.#file = file;
    this.#db = this.#guarded(() => new DatabaseSync(file, { readOnly, timeout: busyMs }));
  }

  exec(sql: string): void {
    this.#guarded(() => this.#db.exec(sql));
  }

  query<Row extends object>(sql: string): Query<Row> {
    const statement = this.#guarded(() => this.#db.prepare(sql));
    return {
      one: (...values) => (statement.get(...values) as Row | undefined) ?? null,
      all: (...values) => statement.all(...values) as Row[],
    };
  }

  /** A statement that changes rows; each call returns how many. */
  command(sql: string): (...values: SQLInputValue[]) => number {
    const statement = this.#guarded(() => this.#db.prepare(sql));
    return (...values) => Number(statement.run(...values).changes);
  }

  /** Runs statements that only read. */
  read<Result>(work: () => Result): Result {
    return this.#guarded(work);
  }

  /** All of `work` or nothing of it. */
  transaction<Result>(work: () => Result): Result {
    return this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#db.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** A transaction that, with all before it, is still there after a loss of power. */
  durably<Result>(work: () => Result): Result {
    this.exec('PRAGMA synchronous = FULL');
    try {
      return this.transaction(work);
    } finally {
      this.exec('PRAGMA synchronous = NORMAL');
    }
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #guarded<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      const code = sqliteCode(error);
      if (code === null || error instanceof AgentError) throw error;
      throw unusable(this.#file, error);
    }
  }
}

/** SQLite's primary result code of an error or of its cause; `null`: it is none of SQLite's. */
export function sqliteCode(error: unknown): number | null {
  const at = error instanceof AgentError ? error.cause : error;
  if (typeof at !== 'object' || at === null || !('errcode' in at)) return null;
  return typeof at.errcode === 'number' ? at.errcode & 0xff : null;
}

/** A failure of SQLite's on a file, as the operator is told it. */
export function unusable(file: string, error: unknown): AgentError {
  return new AgentError('STATE_UNUSABLE', `${file} cannot be used: ${(error as Error).message}.`, {
    cause: error,
    hint: hintFor(sqliteCode(error)),
  });
}

function hintFor(code: number | null): string {
  if (code === SQLITE.FULL) return 'Make room on the volume of STATE_DIR.';
  if (code === SQLITE.BUSY) return 'Another program has a file in STATE_DIR open; let it finish.';
  if (code === SQLITE.CORRUPT || code === SQLITE.NOTADB)
    return 'Start again: a damaged ledger is replaced, and everything is sent once more.';
  return 'Check that the folder STATE_DIR is on a local, writable volume with room left.';
}
