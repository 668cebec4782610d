import { placeOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Scope } from './ledger/ledger.ts';
import type { Marks } from './marks.ts';

export type Part = keyof Scope;

export interface ScheduleOptions {
  /** Milliseconds between two runs that look at this part. */
  readonly everyMs: Readonly<Record<Part, number>>;
  /** When the newest complete run that looked at this part began, epoch milliseconds; `null`: there was none. */
  lastComplete(part: Part): number | null;
  /** One run. `shouldYield` says when its enrichment is to make way for what is due. */
  run(scope: Scope, signal: AbortSignal, shouldYield: () => boolean): Promise<RunEnd>;
  /** Repositories to be read at once, in runs of their own, when nothing else is due. */
  readonly marked?: {
    readonly marks: Pick<Marks, 'dueAt' | 'changed'>;
    run(signal: AbortSignal): Promise<void>;
  };
  readonly log: Log;
  readonly now: () => number;
  readonly random: () => number;
  /** Settles after `ms`, or as soon as the signal is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

/** `again`: it did not come to its end, and is tried sooner. `enrichmentLeft`: how many repositories the enrichment made way before. */
export interface RunEnd {
  readonly outcome: 'done' | 'again';
  readonly enrichmentLeft: number;
}

const PARTS: readonly Part[] = ['repositories', 'enrichment', 'users'];
/** Runs of many agents do not fall on the same minute. */
const JITTER = 0.05;
/** The clock may be set, and the host may sleep: so the time is looked at this often. */
const TICK_MS = 30_000;
const MOST_START_JITTER_MS = 60_000;
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;

/**
 * Keeps the inventory up to date: each part in its own rhythm, one run at a time. What fell due while nobody was there
 * is caught up with, what failed is tried again sooner than its rhythm.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #stop = new AbortController();
  /** When runs of this process that came to an end began: one with parked batches is no complete one, and yet was one. */
  readonly #done = new Map<Part, number>();
  readonly #jitter = new Map<Part, { readonly last: number; readonly ms: number }>();
  #loop: Promise<void> | null = null;
  #failures = 0;
  #notBefore = 0;
  #enrichmentLeft = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Stops the run that is under way and waits for it. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { now, pause, marked } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const waits = PARTS.map((part) => this.#dueAt(part) - now());
      const due = PARTS.filter((_, index) => (waits[index] ?? 0) <= 0);
      const markedWait = this.#notSooner(marked?.marks.dueAt() ?? Number.POSITIVE_INFINITY) - now();
      if (due.length > 0) await this.#once(due);
      else if (marked !== undefined && markedWait <= 0) await this.#guarded(marked.run(signal));
      else await pause(Math.min(TICK_MS, markedWait, ...waits), any(signal, marked?.marks.changed));
    }
  }

  async #once(due: readonly Part[]): Promise<void> {
    const { run, now, everyMs, log } = this.#options;
    const scope = scopeOf(due);
    const begun = now();
    const yieldAt = begun + everyMs.repositories;
    try {
      const { outcome, enrichmentLeft } = await run(scope, this.#stop.signal, () => now() >= yieldAt);
      if (scope.enrichment) this.#enrichmentLeft = enrichmentLeft;
      if (outcome === 'again') return this.#later();
      this.#failures = 0;
      for (const part of PARTS) if (scope[part]) this.#done.set(part, begun);
    } catch (error) {
      log.error('defect', placeOf(error));
      this.#later();
    }
  }

  async #guarded(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#options.log.error('defect', placeOf(error));
      this.#later();
    }
  }

  #later(): void {
    const { now, random } = this.#options;
    const most = Math.min(FIRST_RETRY_MS * 2 ** this.#failures, LONGEST_RETRY_MS);
    this.#failures += 1;
    this.#notBefore = now() + most * (0.5 + random() / 2);
  }

  #dueAt(part: Part): number {
    const { now, everyMs } = this.#options;
    const last = part === 'enrichment' && this.#goesOn() ? null : this.#lastOf(part);
    // A run of the future was there before the clock was set back: when the last one was is not known.
    const due = last === null || last > now() ? 0 : last + everyMs[part] + this.#jitterOf(part, last);
    return this.#notSooner(due);
  }

  /** After a failure nothing is read for a while. */
  #notSooner(due: number): number {
    return Math.max(due, Math.min(this.#notBefore, this.#options.now() + LONGEST_RETRY_MS));
  }

  /** An enrichment that made way goes on behind the base run that it made way for. */
  #goesOn(): boolean {
    const [base, enriched] = [this.#lastOf('repositories') ?? 0, this.#lastOf('enrichment') ?? 0];
    return this.#enrichmentLeft > 0 && base > enriched;
  }

  #lastOf(part: Part): number | null {
    const complete = this.#options.lastComplete(part);
    const done = this.#done.get(part);
    return complete === null || done === undefined ? (done ?? complete) : Math.max(complete, done);
  }

  /** Drawn once for each run. Who comes back after a long time waits a little too, but who never ran does not. */
  #jitterOf(part: Part, last: number): number {
    const drawn = this.#jitter.get(part);
    if (drawn !== undefined && drawn.last === last) return drawn.ms;
    const { everyMs, random, now } = this.#options;
    const late = now() - last - everyMs[part];
    const most = everyMs[part] * JITTER;
    const ms = late > 0 ? late + random() * Math.min(most, MOST_START_JITTER_MS) : random() * most;
    this.#jitter.set(part, { last, ms });
    return ms;
  }
}

const any = (signal: AbortSignal, other: AbortSignal | undefined): AbortSignal =>
  other === undefined ? signal : AbortSignal.any([signal, other]);

/** The enrichment takes long and may fail: it comes by itself, when everything else that is due has been delivered. */
function scopeOf(due: readonly Part[]): Scope {
  const users = due.includes('users');
  const repositories = due.includes('repositories');
  return users || repositories
    ? { users, repositories, enrichment: false }
    : { users: false, repositories: true, enrichment: true };
}
