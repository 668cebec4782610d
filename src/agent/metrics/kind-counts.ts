/** More kinds than there are codes and reasons; what goes beyond is counted together. */
const MOST_KINDS = 100;

/** Counts by kind, bounded whatever the kinds are: each becomes a series. */
export class KindCounts {
  readonly #counts: Map<string, number>;

  /** @param fromZero kinds that are there before they are counted */
  constructor(fromZero: readonly string[] = []) {
    this.#counts = new Map(fromZero.map((kind) => [kind, 0]));
  }

  add(kind: string): void {
    const counted = this.#counts.has(kind) || this.#counts.size < MOST_KINDS ? kind : 'other';
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
  }

  [Symbol.iterator](): MapIterator<[string, number]> {
    return this.#counts.entries();
  }
}
