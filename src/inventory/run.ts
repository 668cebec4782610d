import { randomUUID } from 'node:crypto';
import { AgentError } from '../errors.ts';
import { collect } from './collect/collect.ts';
import { enrich } from './collect/enrich.ts';
import { collectMarked } from './collect/marked.ts';
import type { OwnCalls } from './collect/own-calls.ts';
import { type Plan, planOf } from './collect/plan.ts';
import { type DeliveryEvent, deliver } from './deliver/deliver.ts';
import type { Destination } from './deliver/destination.ts';
import type { Skip } from './entity.ts';
import type { EntityIds } from './entity-id.ts';
import type { Ledger, ParkedBatch, Place, Run, Scope, Seen, SnapshotReason } from './ledger/ledger.ts';
import type { Normaliser } from './normalise/normaliser.ts';
import type { Privacy } from './privacy.ts';

/** What a run is asked to do. */
export interface RunOrder {
  readonly scope: Scope;
  /** Everything is sent, changed or not. */
  readonly full: boolean;
  readonly signal: AbortSignal;
  /** Tells the enrichment to leave the rest for another time. */
  readonly shouldYield?: () => boolean;
  /** Only these repositories are read, and nothing is gone because the run did not see it. */
  readonly marked?: readonly Place[];
  readonly watch?: RunWatch;
}

/** Hears how a run goes on, as it goes on. */
export interface RunWatch {
  /** Something that the operator should know and that stops nothing. */
  note(text: string): void;
  /** `total` is `null` while nobody can know it. */
  progress(
    stage: 'users' | 'repositories' | 'enrichment' | 'delivery',
    done: number,
    total: number | null,
  ): void;
  delivery(event: DeliveryEvent): void;
  skipped(skip: Skip): void;
}

/** How a run ended. */
export interface RunReport {
  readonly run: Run;
  /** What it failed with; the run is then `failed`, or still `delivering` and to be gone on with. */
  readonly error: AgentError | null;
  /** Why everything was sent. */
  readonly snapshot: SnapshotReason | null;
  readonly parked: readonly ParkedBatch[];
  /** Repositories whose enrichment made way. */
  readonly enrichmentLeft: number;
}

/** What runs are made of. */
export interface RunParts {
  readonly calls: OwnCalls;
  readonly normaliser: Normaliser;
  readonly privacy: Privacy;
  readonly ids: EntityIds;
  /** `null`: nothing is sent, what changed waits in the ledger. */
  readonly destination: Destination | null;
  readonly envelope: { readonly profile: string; readonly serviceType: string };
  readonly concurrency: number;
  readonly now: () => number;
  /** What the last run saw, for the progress: Bitbucket tells no totals. */
  readonly expected: { readonly users: number | null; readonly repositories: number | null };
}

const SILENT: RunWatch = { note() {}, progress() {}, delivery() {}, skipped() {} };

const SNAPSHOT_REASONS: Readonly<Record<SnapshotReason, string>> = {
  new: 'there was no ledger in STATE_DIR',
  corrupt: 'the ledger in STATE_DIR was broken; it was set aside there',
  'corrupt-removed':
    'the ledger in STATE_DIR was broken; it was not kept, since it may hold what the privacy settings leave out',
  'other-bitbucket': 'the ledger in STATE_DIR was of another Bitbucket',
  'other-receiver': 'the ledger in STATE_DIR was sent to another receiver or under another profile',
  full: 'the last full run did not come to its end',
};

/**
 * Reads, then sends. A run is complete or failed: only one that has read everything tells the receiver what is gone, and
 * only one whose every batch was acknowledged sends its `final`.
 */
export class InventoryRun {
  readonly #parts: RunParts;
  readonly #ledger: Ledger;
  readonly #order: RunOrder;
  readonly #watch: RunWatch;
  #snapshot: SnapshotReason | null = null;
  #enrichmentLeft = 0;

  constructor(parts: RunParts, ledger: Ledger, order: RunOrder) {
    this.#parts = parts;
    this.#ledger = ledger;
    this.#order = order;
    this.#watch = order.watch ?? SILENT;
  }

  /**
   * First what an earlier run has left in the outbox, then this run.
   *
   * @throws AgentError what stands in the way before anything is read: `RULE_MISSING`, `STATE_UNUSABLE`; for marked
   *   repositories `NOT_COLLECTED` while everything is to be sent
   */
  async execute(): Promise<RunReport> {
    const earlier = this.#ledger.unfinished();
    if (earlier !== null && this.#parts.destination !== null) {
      this.#watch.note('An earlier run is not delivered yet: that comes first.');
      const report = await this.#guarded(earlier, () => this.#delivered(earlier));
      if (report.error !== null) return report;
    } else if (earlier !== null) {
      this.#ledger.finish('failed', this.#time(), DELIVERY_OFF);
    }
    // While nothing is sent there is no receiver whose state could be made anew.
    this.#snapshot = this.#parts.destination === null ? null : this.#ledger.snapshotDue;
    const marked = this.#order.marked !== undefined;
    if (marked && this.#snapshot !== null) throw notCollected();
    const scope = this.#scope();
    const plan = planOf(scope, this.#parts.privacy, this.#parts.calls, marked);
    if (this.#snapshot !== null) {
      const because = SNAPSHOT_REASONS[this.#snapshot];
      this.#watch.note(`Everything is to be sent until the receiver has taken all of it: ${because}.`);
    }
    // Runs over marked repositories come every minute; the whole ones have said it.
    if (!marked) for (const note of plan.notes) this.#watch.note(note);
    const run = this.#start(scope);
    return this.#guarded(run, () => this.#readAndDeliver(plan, scope));
  }

  /** A receiver that drops what a snapshot does not name must be told of both types in it. */
  #scope(): Scope {
    const { scope } = this.#order;
    if (this.#snapshot === null) return scope;
    return { ...scope, users: true, repositories: true };
  }

  #start(scope: Scope): Run {
    const both = scope.users && scope.repositories;
    const everything = this.#snapshot !== null || (this.#order.full && this.#parts.destination !== null);
    return this.#ledger.start({
      runId: randomUUID(),
      scope,
      kind: everything && both ? 'snapshot' : 'delta',
      everything,
      partial: this.#order.marked !== undefined,
      startedAt: this.#time(),
    });
  }

  async #readAndDeliver(plan: Plan, scope: Scope): Promise<Run> {
    const seen = await this.#read(plan, scope);
    const { signal } = this.#order;
    if (signal.aborted) throw new AgentError('RUN_INTERRUPTED', 'The run was stopped before its end.');
    const run = this.#ledger.collected(seen);
    const nothingToTell = this.#order.marked !== undefined && this.#ledger.pendingCount() === 0;
    return this.#parts.destination === null || nothingToTell
      ? this.#ledger.finish('complete', this.#time())
      : this.#delivered(run);
  }

  async #read(plan: Plan, scope: Scope): Promise<Seen> {
    const { privacy, calls, concurrency, now, normaliser, expected } = this.#parts;
    const { signal, shouldYield, marked } = this.#order;
    const watch = this.#watch;
    const shared = {
      ...{ calls, privacy, concurrency, now, signal, ledger: this.#ledger },
      progress: ({
        stage,
        done,
        total,
      }: {
        stage: 'users' | 'repositories' | 'enrichment';
        done: number;
        total: number | null;
      }) => watch.progress(stage, done, total ?? (stage === 'enrichment' ? null : expected[stage])),
      skipped: (skip: Skip) => watch.skipped(skip),
      note: (text: string) => watch.note(text),
    };
    const walk = { ...shared, scope, plan, normaliser };
    const seen = marked === undefined ? await collect(walk) : await collectMarked(walk, marked);
    if (!scope.enrichment) return seen;
    const outcome = await enrich({
      ...shared,
      plan: plan.enrichment,
      ...(shouldYield === undefined ? {} : { shouldYield }),
    });
    this.#enrichmentLeft = outcome.left;
    if (outcome.left > 0)
      watch.note(`The enrichment of ${outcome.left} repositories is left for the next run.`);
    return {
      ...seen,
      skipped: seen.skipped + outcome.skipped,
      skippedBy: sums(seen.skippedBy, outcome.skippedBy),
    };
  }

  async #delivered(run: Run): Promise<Run> {
    const { destination, envelope, ids } = this.#parts;
    if (destination === null || run.seen === null)
      throw new Error('a run is delivered when it has been read');
    const total = run.sent + this.#ledger.pendingCount();
    this.#watch.progress('delivery', run.sent, total);
    const { state } = await deliver({
      ledger: this.#ledger,
      run,
      seen: run.seen,
      destination,
      envelope,
      ids,
      signal: this.#order.signal,
      progress: (event) => {
        if (event.kind === 'acknowledged') this.#watch.progress('delivery', event.sent, total);
        this.#watch.delivery(event);
      },
    });
    return this.#ledger.finish(state, this.#time());
  }

  /** A run that fails while it reads has failed; one that fails while it delivers is gone on with later. */
  async #guarded(run: Run, work: () => Promise<Run>): Promise<RunReport> {
    try {
      return this.#report(await work(), null);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      return this.#report(this.#broken(run, error), error);
    }
  }

  #broken(run: Run, { code, message }: AgentError): Run {
    const failed = { ...run, state: 'failed' as const, error: { code, message } };
    if (code === 'STATE_UNUSABLE') return failed;
    return this.#ledger.unfinished() ?? this.#ledger.finish('failed', this.#time(), failed.error);
  }

  #report(run: Run, error: AgentError | null): RunReport {
    return {
      run,
      error,
      snapshot: this.#snapshot,
      parked: this.#ledger.parked(),
      enrichmentLeft: this.#enrichmentLeft,
    };
  }

  #time(): string {
    return new Date(this.#parts.now()).toISOString();
  }
}

const notCollected = (): AgentError =>
  new AgentError('NOT_COLLECTED', 'Everything is to be read and sent first: that is for a whole run.');

const DELIVERY_OFF = {
  code: 'RUN_INTERRUPTED',
  message: 'ESSENTIALS_DELIVERY was set to off before everything was sent.',
};

function sums(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum: Record<string, number> = { ...one };
  for (const [reason, count] of Object.entries(other)) sum[reason] = (sum[reason] ?? 0) + count;
  return sum;
}
