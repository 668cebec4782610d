import type { Log } from '../log.ts';

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
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count === 1) this.#log.warn(this.#message, { kind });
  }

  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
