import type { LedgerReader, OutboxState, Run, RunKind, RunState, Scope } from './ledger/ledger.ts';
import type { InventoryStatus } from './progress.ts';

/** The ledger in numbers. */
export interface LedgerFigures {
  /** When the newest complete run with this part began, epoch milliseconds; `null`: there was none. */
  readonly lastComplete: Readonly<Record<keyof Scope, number | null>>;
  /** By the last reading of each type. */
  readonly seen: Readonly<Record<'users' | 'repositories', number | null>>;
  /** Of the newest run that has read everything it was to read; `null`: there was none among the last ten. */
  readonly lastRun: Readonly<Record<'added' | 'changed' | 'deleted' | 'skipped' | 'sent', number>> | null;
  readonly outbox: OutboxState;
}

/** Runs of one kind that ended in one state. */
export interface EndedRuns {
  readonly kind: RunKind;
  readonly state: RunState;
  readonly count: number;
}

/** The inventory in numbers, for metrics. */
export interface InventoryFigures {
  readonly budget: InventoryStatus['budget'];
  /** Milliseconds in which calls of this process waited for Bitbucket's rate limit; never goes down. */
  readonly waitedMs: number;
  /** In this process. */
  readonly ended: readonly EndedRuns[];
  /** `null`: there is no ledger, or it cannot be read. */
  readonly ledger: LedgerFigures | null;
}

const LOOKED_AT = 10;

/** @throws AgentError `STATE_UNUSABLE` */
export function ledgerFigures(reader: LedgerReader): LedgerFigures {
  const begun = (part: keyof Scope) => {
    const run = reader.lastComplete(part);
    return run === null ? null : Date.parse(run.startedAt);
  };
  const seen = (part: 'users' | 'repositories') => reader.lastCollected(part)?.seen?.[part] ?? null;
  const last = reader.runs(LOOKED_AT).find((run) => run.seen !== null && run.changes !== null);
  return {
    lastComplete: {
      users: begun('users'),
      repositories: begun('repositories'),
      enrichment: begun('enrichment'),
    },
    seen: { users: seen('users'), repositories: seen('repositories') },
    lastRun:
      last?.seen && last.changes ? { ...last.changes, skipped: last.seen.skipped, sent: last.sent } : null,
    outbox: reader.outbox(),
  };
}

/** What the runs of one process came to. */
export class RunTally {
  readonly #ended = new Map<string, EndedRuns>();
  /** Milliseconds that runs which are over have waited for Bitbucket's rate limit. */
  waitedMs = 0;

  add({ kind, state }: Run): void {
    const key = `${kind} ${state}`;
    this.#ended.set(key, { kind, state, count: (this.#ended.get(key)?.count ?? 0) + 1 });
  }

  get ended(): readonly EndedRuns[] {
    return [...this.#ended.values()];
  }
}
