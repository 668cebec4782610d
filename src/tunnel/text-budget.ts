/** What all answers over the sockets together may hold in memory before Bitbucket is held back. */
const LIMIT_BYTES = 32 * 1024 * 1024;

/** An answer that collects its body. */
export interface Collector {
  /** It was told to wait and may go on. */
  drained(): void;
}

/**
 * Shares memory among answers that must be whole before they can be sent. Over the limit all wait but the oldest,
 * which may always go on: so some answer always comes to its end and makes room.
 */
export class TextBudget {
  readonly #held = new Map<Collector, number>();
  readonly #waiting = new Set<Collector>();
  #total = 0;

  /** Counts bytes that were taken in. @returns false when no more should come until `drained` */
  take(collector: Collector, bytes: number): boolean {
    this.#held.set(collector, (this.#held.get(collector) ?? 0) + bytes);
    this.#total += bytes;
    if (this.#mayGoOn(collector)) return true;
    this.#waiting.add(collector);
    return false;
  }

  /** The answer is out, or given up. */
  release(collector: Collector): void {
    this.#total -= this.#held.get(collector) ?? 0;
    this.#held.delete(collector);
    this.#waiting.delete(collector);
    for (const waiting of this.#waiting) {
      if (!this.#mayGoOn(waiting)) continue;
      this.#waiting.delete(waiting);
      waiting.drained();
    }
  }

  #mayGoOn(collector: Collector): boolean {
    return this.#total <= LIMIT_BYTES || this.#held.keys().next().value === collector;
  }
}
