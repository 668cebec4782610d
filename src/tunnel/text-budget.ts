/** What all answers over the sockets together may hold in memory before Bitbucket is held back. */
const LIMIT_BYTES = 32 * 1024 * 1024;
/** A small answer is never held back: it is soon done. */
const SMALL_BYTES = 256 * 1024;
/** An answer that could not go on for so long is given up. */
const WAIT_MS = 60_000;

/** An answer that collects its body. */
export interface Collector {
  /** It was told to wait and may go on. */
  drained(): void;
  /** It waited too long. */
  starved(): void;
}

/**
 * Shares memory among answers that must be whole before they can be sent. Over the limit all wait but small ones and
 * the oldest, which may always go on: so some answer always comes to its end and makes room. Large ones are sent one
 * after the other, as each takes several times its size while it is encoded.
 */
export class TextBudget {
  readonly #held = new Map<Collector, number>();
  readonly #waiting = new Map<Collector, NodeJS.Timeout>();
  readonly #turns = new Map<Collector, () => void>();
  readonly #waitMs: number;
  #turn: Collector | null = null;
  #total = 0;

  constructor(waitMs: number = WAIT_MS) {
    this.#waitMs = waitMs;
  }

  /** Counts bytes that were taken in. @returns false when no more should come until `drained` */
  take(collector: Collector, bytes: number): boolean {
    this.#held.set(collector, (this.#held.get(collector) ?? 0) + bytes);
    this.#total += bytes;
    if (this.#mayGoOn(collector)) return true;
    if (!this.#waiting.has(collector)) {
      this.#waiting.set(
        collector,
        setTimeout(() => collector.starved(), this.#waitMs),
      );
    }
    return false;
  }

  /** Runs what turns a whole body into an answer: at once for a small one, else when the large ones before it are out. */
  finish(collector: Collector, largest: number, run: () => void): void {
    if (largest <= SMALL_BYTES) return run();
    this.#turns.set(collector, run);
    this.#nextTurn();
  }

  /** The answer is out, or given up. Others go on later, not from within: this may be called from anywhere. */
  release(collector: Collector): void {
    this.#total -= this.#held.get(collector) ?? 0;
    this.#held.delete(collector);
    this.#stopWaiting(collector);
    this.#turns.delete(collector);
    if (this.#turn === collector) this.#turn = null;
    if (this.#waiting.size + this.#turns.size > 0) setImmediate(() => this.#wake());
  }

  #wake(): void {
    for (const waiting of [...this.#waiting.keys()]) {
      if (!this.#mayGoOn(waiting)) continue;
      this.#stopWaiting(waiting);
      waiting.drained();
    }
    this.#nextTurn();
  }

  #nextTurn(): void {
    if (this.#turn !== null) return;
    const [next] = this.#turns;
    if (next === undefined) return;
    const [collector, run] = next;
    this.#turns.delete(collector);
    this.#turn = collector;
    run();
  }

  #stopWaiting(collector: Collector): void {
    clearTimeout(this.#waiting.get(collector));
    this.#waiting.delete(collector);
  }

  #mayGoOn(collector: Collector): boolean {
    if (this.#total <= LIMIT_BYTES || (this.#held.get(collector) ?? 0) <= SMALL_BYTES) return true;
    return this.#held.keys().next().value === collector;
  }
}
