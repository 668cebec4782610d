import { processUser } from '../config/process-user.ts';
import { failureCode } from '../errors.ts';
import type { Log } from '../log.ts';

/** Records that are not on the disk. */
export interface Left {
  /** In memory, to be written. */
  readonly waiting: number;
  /** Gone. */
  readonly lost: number;
}

/** Standing failures are told again after this time. */
const AGAIN_MS = 60_000;

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: 'Make room on the volume of STATE_DIR, or lower AUDIT_MAX_MB.',
  EDQUOT: 'Make room on the volume of STATE_DIR, or lower AUDIT_MAX_MB.',
  EROFS: 'Set STATE_DIR to a folder on a volume that can be written; in a container mount one there.',
};
const USER = processUser();
const HINT = `Let this user${USER === null ? '' : ` (${USER})`} write in STATE_DIR/audit, on a local volume with room left.`;

/** Counts failures of the trail and tells the log when they begin, once a minute, and when they are over. */
export class FailureReport {
  readonly #log: Log;
  readonly #onError: 'warn' | 'refuse';
  readonly #now: () => number;
  #code: string | null = null;
  #count = 0;
  #since = 0;
  /** The failure that stands is in the log. */
  #told = false;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(log: Log, onError: 'warn' | 'refuse', now: () => number) {
    this.#log = log;
    this.#onError = onError;
    this.#now = now;
  }

  /** Of the failure that stands; `null`: there is none. */
  get code(): string | null {
    return this.#code;
  }

  get count(): number {
    return this.#count;
  }

  note(error: unknown, left: Left): void {
    const now = this.#now();
    this.#count += 1;
    if (this.#code === null) this.#since = now;
    this.#code = failureCode(error);
    // A disk that fails and works by turns is told once a minute too.
    if (Math.abs(now - this.#toldAt) < AGAIN_MS) return;
    this.#told = true;
    this.#toldAt = now;
    this.#log.error('audit cannot be written', {
      code: this.#code,
      ...left,
      failures: this.#count,
      calls: this.#onError === 'refuse' ? 'are refused' : 'go on',
      hint: HINTS[this.#code] ?? HINT,
    });
  }

  over({ lost }: Left): void {
    this.#code = null;
    if (!this.#told) return;
    this.#told = false;
    const seconds = Math.round((this.#now() - this.#since) / 1_000);
    this.#log.warn('audit is written again', { lost, seconds });
  }
}
