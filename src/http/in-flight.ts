/** What a listener has under way, so that a drain can wait for its end. */
export class InFlight<Item> {
  readonly #items = new Set<Item>();
  #emptied: (() => void) | null = null;

  get size(): number {
    return this.#items.size;
  }

  add(item: Item): void {
    this.#items.add(item);
  }

  /** It is over. May be called more than once, and for what was never under way. */
  delete(item: Item): void {
    if (this.#items.delete(item) && this.#items.size === 0) this.#emptied?.();
  }

  /** Settles once nothing is under way. Each step says what is done, after so many milliseconds, with what still is. */
  async emptied(...steps: readonly (readonly [ms: number, what: (item: Item) => void])[]): Promise<void> {
    if (this.#items.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const timers = steps.map(([ms, what]) =>
      setTimeout(() => {
        for (const item of [...this.#items]) what(item);
      }, ms),
    );
    await promise;
    for (const timer of timers) clearTimeout(timer);
  }
}
