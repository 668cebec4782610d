import type { Log } from '../log.ts';

/** Far more than there are; what goes beyond is counted as one. */
const MOST_KINDS = 50;

/** What should not have been there: each kind is logged once and counted for ever. */
export class Oddities {
  readonly #log: Log;
  readonly #message: string;
  readonly #counts = new Map<string, number>();

  /** @param message says where it was */
  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** @param kind one of a small, fixed set of texts: it becomes a counter */
  note(kind: string): void {
    const counted = this.#counts.has(kind) || this.#counts.size < MOST_KINDS ? kind : 'other';
    const count = (this.#counts.get(counted) ?? 0) + 1;
    this.#counts.set(counted, count);
    if (count === 1) this.#log.warn(this.#message, { kind: counted });
  }

  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
