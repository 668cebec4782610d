import type { LedgerReader, OutboxState, Run, RunKind, RunState, Scope } from './ledger/ledger.ts';
import type { InventoryStatus } from './progress.ts';

/** The ledger in numbers. */
export interface LedgerFigures {
  /** When the newest complete run with this part began, epoch milliseconds; `null`: there was none. */
  readonly lastComplete: Readonly<Record<keyof Scope, number | null>>;
  /** By the last reading of each type. */
  readonly seen: Readonly<Record<'users' | 'repositories', number | null>>;
  /** Of the newest run that has read all of a part; `null`: there was none. */
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

/** As many as a ledger keeps of runs that look at marked repositories only. */
const MOST_PARTIAL = 50;
const SHOWN_PARTIAL = 5;

/** @throws AgentError `STATE_UNUSABLE` */
export function ledgerFigures(reader: LedgerReader): LedgerFigures {
  const begun = (part: keyof Scope) => {
    const run = reader.lastComplete(part);
    return run === null ? null : Date.parse(run.startedAt);
  };
  const [users, repositories, enrichment] = (['users', 'repositories', 'enrichment'] as const).map((part) =>
    reader.lastCollected(part),
  );
  const last = newestOf([users, repositories, enrichment]);
  return {
    lastComplete: {
      users: begun('users'),
      repositories: begun('repositories'),
      enrichment: begun('enrichment'),
    },
    seen: { users: users?.seen?.users ?? null, repositories: repositories?.seen?.repositories ?? null },
    lastRun:
      last?.seen && last.changes ? { ...last.changes, skipped: last.seen.skipped, sent: last.sent } : null,
    outbox: reader.outbox(),
  };
}

const newestOf = (runs: readonly (Run | null | undefined)[]): Run | null =>
  runs.reduce<Run | null>(
    (newest, run) => (run && (newest === null || run.number > newest.number) ? run : newest),
    null,
  );

/**
 * For a list of runs, newest first: so many whole ones, and five at most of those that looked at marked repositories
 * only. These come with each webhook, and would push the others out.
 */
export function newestRuns(reader: Pick<LedgerReader, 'runs'>, count: number): readonly Run[] {
  const all = reader.runs(count + MOST_PARTIAL);
  const such = (partial: boolean, most: number) =>
    all.filter((run) => (run.partial === true) === partial).slice(0, most);
  const shown = new Set([...such(false, count), ...such(true, SHOWN_PARTIAL)]);
  return all.filter((run) => shown.has(run));
}

const KINDS: readonly RunKind[] = ['snapshot', 'delta'];
const ENDS: readonly RunState[] = ['complete', 'parked', 'failed', 'delivering'];

/** What the runs of one process came to; each kind and end from 0 on, so that the first run is seen as an increase. */
export class RunTally {
  readonly #ended = new Map<string, EndedRuns>(
    KINDS.flatMap((kind) => ENDS.map((state) => [`${kind} ${state}`, { kind, state, count: 0 }])),
  );
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
