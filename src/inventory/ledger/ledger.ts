import type { Enrichment, EntityType } from '../entity.ts';

/** What a run looks at. Enrichment is of repositories, so it comes with them. */
export interface Scope {
  readonly users: boolean;
  readonly repositories: boolean;
  readonly enrichment: boolean;
}

/** `snapshot`: the receiver drops what the run did not name once its `final` has arrived. */
export type RunKind = 'snapshot' | 'delta';

/**
 * `collecting` and `delivering` runs are under way, or were when their process died. `complete`: everything read and
 * acknowledged. `parked`: some batches were refused for good, so no `final` was sent. `failed`: nothing was deleted.
 */
export type RunState = 'collecting' | 'delivering' | 'complete' | 'parked' | 'failed';

/** What a run saw. A type that the run did not look at is `null`. */
export interface Seen {
  readonly users: number | null;
  readonly repositories: number | null;
  readonly skipped: number;
  /** How often each reason, `repository:no-id` → 2. */
  readonly skippedBy: Readonly<Record<string, number>>;
  /** Which list the users came from. */
  readonly usersFrom: '/admin/users' | '/users' | null;
}

/** What a run changed, in entities. */
export interface Changes {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
}

export interface Run {
  /** Counts up; later runs have greater numbers. */
  readonly number: number;
  /** A random UUID: half of every batch's idempotency key. */
  readonly runId: string;
  readonly scope: Scope;
  /**
   * It looked at some repositories of its scope only: nothing is gone because it did not see it, and it does not count
   * as having read any part.
   */
  readonly partial?: true;
  readonly kind: RunKind;
  readonly state: RunState;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly seen: Seen | null;
  readonly changes: Changes | null;
  /** Resources and tombstones that were acknowledged. */
  readonly sent: number;
  /** Code and text of what made it fail. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** A run that is to start. */
export interface RunStart {
  readonly runId: string;
  readonly scope: Scope;
  readonly kind: RunKind;
  readonly everything?: boolean;
  /** Of repositories only: see `Run.partial`. A snapshot never is. */
  readonly partial?: boolean;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** One entity as a page of Bitbucket gave it. */
export interface Entry {
  /** Bitbucket's numeric id. */
  readonly sourceId: number;
  /** The attributes as JSON text, exactly as they are to be sent. */
  readonly record: string;
}

/** An entity that the receiver does not know yet in this form. `record` is `null` when it is gone. */
export interface Pending {
  readonly type: EntityType;
  readonly sourceId: number;
  readonly record: string | null;
}

/** A request body that waits in the outbox, byte for byte as it will be sent each time. */
export interface Batch {
  readonly sequence: number;
  readonly body: Buffer;
  /** How many resources and tombstones; 0 for the manifest. */
  readonly size: number;
}

/** A batch that the receiver refused for good, with its words. */
export interface ParkedBatch {
  readonly runId: string;
  readonly sequence: number;
  readonly size: number;
  readonly status: number;
  /** The answer's text, at most 500 characters. */
  readonly text: string;
}

/** Where a repository is found in Bitbucket. Held for the length of a process only: a key may name a person. */
export interface Place {
  readonly sourceId: number;
  readonly projectKey: string;
  readonly slug: string;
}

/**
 * Why the next run must be a snapshot. `corrupt`: the broken file was kept beside the new one, `corrupt-removed`: it was
 * not. `full`: a snapshot was asked for and did not come to its end.
 */
export type SnapshotReason =
  | 'new'
  | 'corrupt'
  | 'corrupt-removed'
  | 'other-bitbucket'
  | 'other-receiver'
  | 'full';

/**
 * What was read, what the receiver has acknowledged, what waits to be sent, and the runs: one SQLite file in the state
 * folder. Every method is one transaction: a process killed at any moment leaves it before or after, never between.
 * All of it belongs to the process that holds the lock. Throws AgentError `STATE_UNUSABLE`.
 */
export interface Ledger {
  /** Set until a snapshot of both types has come to its end. */
  readonly snapshotDue: SnapshotReason | null;

  /** A run that was delivering when its process ended; it must be finished before another one starts. */
  unfinished(): Run | null;
  /**
   * Starts a run. Runs that were collecting have failed.
   * `everything`: nothing of its scope counts as acknowledged once it is read; a snapshot is always so.
   */
  start(run: RunStart): Run;

  /** Keeps what one page gave. What this run has seen already is left as it is. Returns how many were new to the run. */
  store(type: EntityType, entries: readonly Entry[]): number;
  /**
   * These were seen and could not be taken: what was known of them before stays as it is. `all`: some were seen whose id
   * could not be read, so nothing of the type may be taken for gone. Returns how many were new to the run and have a
   * record: a receiver holds them.
   */
  keep(type: EntityType, sourceIds: readonly number[] | 'all'): number;
  /** How many of those that are not gone this run has not seen. */
  unseen(type: EntityType): number;
  /** The kept enrichment of these repositories. */
  enrichments(sourceIds: readonly number[]): ReadonlyMap<number, Enrichment>;

  /** Remembers where the repositories of this run are, for its enrichment; gone with the process. */
  rememberPlaces(places: readonly Place[]): void;
  /** How many places wait. */
  placesLeft(): number;
  /** Takes up to `count` places out, those whose enrichment is oldest first. */
  takePlaces(count: number): readonly Place[];
  /** Keeps an enrichment, and the repository's record with it. */
  enrich(sourceId: number, enrichment: Enrichment, at: string, record: string): void;
  /** The repository's record as this run has stored it. */
  recordOf(sourceId: number): string | null;

  /**
   * Everything in the run's scope has been read: what it did not see is gone, and waits as a tombstone if it was ever in
   * a batch. What was parked of this scope is superseded. The run is delivering from here on. Of a snapshot nothing
   * counts as acknowledged. After a partial run nothing is gone, and what was parked stays so.
   */
  collected(seen: Seen): Run;

  /** The oldest batch that waits. */
  waiting(): Batch | null;
  /**
   * Up to `count` entities for one batch: no other one holds them, and the receiver does not know them in their present
   * form. Those that were never refused come first; of the others fewer at a time the more often they were.
   */
  pending(count: number): readonly Pending[];
  /** How many that are, waiting batches not counted. */
  pendingCount(): number;
  /** Puts a batch into the outbox, with the members it holds. Returns its sequence: 1, 2, 3 … in the run. */
  enqueue(members: readonly Pending[], body: (sequence: number) => Buffer): Batch;
  /** The receiver has it. Returns the run's `sent`. */
  acknowledge(sequence: number): number;
  /** The receiver refuses it for good. */
  park(sequence: number, status: number, text: string): void;
  /** The receiver finds it too large: takes it out of the outbox and gives back its members. */
  withdraw(sequence: number): readonly Pending[];
  /** Batches that are parked, oldest first. */
  parked(): readonly ParkedBatch[];
  /** Whether any batch of this run was acknowledged. */
  readonly anyAcknowledged: boolean;
  /** Whether the manifest of this run was acknowledged: then all that is left is to finish it. */
  readonly finalAcknowledged: boolean;

  /**
   * Ends the run. `complete` ends `snapshotDue` if the run was a snapshot and the receiver has acknowledged all of it.
   * `failed`: batches that wait are given up, their members count as not acknowledged.
   */
  finish(state: 'complete' | 'parked' | 'failed', at: string, error?: Run['error']): Run;

  close(): void;
}

/** What waits to be sent. */
export interface OutboxState {
  /** Batches that will be tried. */
  readonly waiting: number;
  /** Batches that were refused for good. */
  readonly parked: number;
  /** When the oldest run began that is not delivered or has a batch here, epoch milliseconds; `null`: there is none. */
  readonly since: number | null;
}

/** The ledger for those who only look: any number of them, also while a run writes. */
export interface LedgerReader {
  /** Newest first. `before`: only runs with smaller numbers. */
  runs(count: number, before?: number): readonly Run[];
  /** The newest complete run whose scope has this in it. */
  lastComplete(part: keyof Scope): Run | null;
  /** The newest run that has read all of this, whatever became of its delivery. */
  lastCollected(part: keyof Scope): Run | null;
  /** Entities in order of their Bitbucket id, starting behind `after`. */
  entities(type: EntityType, after: number, count: number): readonly Entry[];
  parked(): readonly ParkedBatch[];
  outbox(): OutboxState;
  /** The kept enrichment of these repositories. */
  enrichments(sourceIds: readonly number[]): ReadonlyMap<number, Enrichment>;
  close(): void;
}
