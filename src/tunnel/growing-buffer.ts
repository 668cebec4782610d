/** A first guess at what a body that comes in several pieces will need. */
const SMALLEST = 16 * 1024;

/** Collects a body in one piece of memory, however small the pieces are that it comes in. */
export class GrowingBuffer {
  #memory: Buffer = Buffer.alloc(0);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (this.#length === 0) this.#memory = chunk;
    else if (length > this.#memory.length || this.#length === this.#memory.length) this.#grow(length);
    if (this.#memory !== chunk) chunk.copy(this.#memory, this.#length);
    this.#length = length;
  }

  /** What was collected; the buffer is empty then. */
  take(): Buffer {
    const taken = this.#memory.subarray(0, this.#length);
    this.#memory = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }

  #grow(length: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(length))));
    this.#memory.copy(larger, 0, 0, this.#length);
    this.#memory = larger;
  }
}
