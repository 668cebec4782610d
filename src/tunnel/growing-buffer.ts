/** So many pieces are put together: a body may come in pieces of one byte, each with a hundred bytes of bookkeeping. */
const MOST_PIECES = 64;

/** Collects a body, however small the pieces are that it comes in. */
export class GrowingBuffer {
  #pieces: Buffer[] = [];
  /** What was put together already, with room for more behind it. */
  #memory: Buffer = Buffer.alloc(0);
  #filled = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#pieces.length >= MOST_PIECES) this.#putTogether();
  }

  /** What was collected; the buffer is empty then. */
  take(): Buffer {
    const [only] = this.#pieces;
    let taken: Buffer;
    if (this.#filled > 0) {
      this.#putTogether();
      taken = this.#memory.subarray(0, this.#filled);
    } else {
      taken = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    }
    this.#pieces = [];
    this.#memory = Buffer.alloc(0);
    this.#filled = 0;
    this.#length = 0;
    return taken;
  }

  #putTogether(): void {
    if (this.#length > this.#memory.length) {
      const larger = Buffer.allocUnsafe(2 ** Math.ceil(Math.log2(this.#length)));
      this.#memory.copy(larger, 0, 0, this.#filled);
      this.#memory = larger;
    }
    for (const piece of this.#pieces) this.#filled += piece.copy(this.#memory, this.#filled);
    this.#pieces = [];
  }
}
