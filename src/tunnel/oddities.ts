import type { Log } from '../log.ts';

/** What the far side sent that it should not have: each kind is logged once and counted for ever. */
export class Oddities {
  readonly #log: Log;
  readonly #counts = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param kind one of a small, fixed set of texts: it becomes a counter */
  note(kind: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count === 1) this.#log.warn('unexpected from the broker server', { kind });
  }

  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }
}
