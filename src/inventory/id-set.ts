const BITS = 2048;

/** Bitbucket's numeric ids that a run has seen, one bit each: they are dense, and there may be many. */
export class IdSet {
  readonly #chunks = new Map<number, Uint8Array>();

  /** @returns whether it was new */
  add(id: number): boolean {
    const number = Math.floor(id / BITS);
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      chunk = new Uint8Array(BITS / 8);
      this.#chunks.set(number, chunk);
    }
    const at = (id % BITS) >> 3;
    const bit = 1 << (id & 7);
    const byte = chunk[at] ?? 0;
    if ((byte & bit) !== 0) return false;
    chunk[at] = byte | bit;
    return true;
  }

  has(id: number): boolean {
    const byte = this.#chunks.get(Math.floor(id / BITS))?.[(id % BITS) >> 3] ?? 0;
    return (byte & (1 << (id & 7))) !== 0;
  }
}
