import type { RateBudgetState } from '../bitbucket/rate-budget.ts';
import type { ParkedBatch, Run } from './ledger/ledger.ts';
import type { RunWatch } from './run.ts';

/** How far a run has come that is under way in this process. */
export interface RunProgress {
  /** What started it: `run`, `sync --once`. */
  readonly by: string;
  readonly stage: Parameters<RunWatch['progress']>[0] | null;
  readonly done: number;
  /** `null` while nobody can know it. */
  readonly total: number | null;
  /** Records left out so far. */
  readonly skipped: number;
}

/** The inventory at one moment, for those who look from outside. */
export interface InventoryStatus {
  readonly running: RunProgress | null;
  /** The budget of the run under way; `null`: there is none. */
  readonly budget: RateBudgetState | null;
  /** Newest first. */
  readonly runs: readonly Run[];
  readonly parked: readonly ParkedBatch[];
}

/** A watch that remembers the progress and hands everything on. */
export class ProgressWatch implements RunWatch {
  readonly #by: string;
  readonly #next: RunWatch | undefined;
  #progress: Pick<RunProgress, 'stage' | 'done' | 'total'> = { stage: null, done: 0, total: null };
  #skipped = 0;

  constructor(by: string, next: RunWatch | undefined) {
    this.#by = by;
    this.#next = next;
  }

  get state(): RunProgress {
    return { by: this.#by, ...this.#progress, skipped: this.#skipped };
  }

  note(text: string): void {
    this.#next?.note(text);
  }

  progress(...[stage, done, total]: Parameters<RunWatch['progress']>): void {
    this.#progress = { stage, done, total };
    this.#next?.progress(stage, done, total);
  }

  delivery(event: Parameters<RunWatch['delivery']>[0]): void {
    this.#next?.delivery(event);
  }

  skipped(skip: Parameters<RunWatch['skipped']>[0]): void {
    this.#skipped += 1;
    this.#next?.skipped(skip);
  }
}
