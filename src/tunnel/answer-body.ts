import { Readable } from 'node:stream';
import { freeCopied, passedOn } from '../buffer-collection.ts';
import { returnSlab, SLAB_BYTES, takeSlab } from './slabs.ts';

/** More than this waiting to be sent: Bitbucket is held back. */
const HIGH_WATER_BYTES = 256 * 1024;
/** What the wire takes ahead. */
const READ_AHEAD_BYTES = 64 * 1024;
/** A wire that takes nothing for so long, while something waits, leads to nobody. A slow reader makes it move in leaps. */
const STALLED_MS = 5 * 60_000;
/** So many pieces are made one. */
const MOST_PIECES = 1024;

/**
 * The bytes of one streamed answer on their way: they wait here until they are taken whole or flow out.
 * A flow takes its first byte only when it is really being sent, so one that never began has lost nothing.
 */
export class AnswerBody {
  readonly #drained: () => void;
  #queue: Buffer[] = [];
  #slab: Buffer | null = null;
  #queued = 0;
  #ended = false;
  #flow: Readable | null = null;
  #flowing = false;
  #wanted = false;
  #stall: NodeJS.Timeout | undefined;

  /** @param drained there is room again after `full` */
  constructor(drained: () => void) {
    this.#drained = drained;
  }

  get queued(): number {
    return this.#queued;
  }

  get full(): boolean {
    return this.#queued >= HIGH_WATER_BYTES;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Part of it is on the wire. */
  get flowing(): boolean {
    return this.#flowing;
  }

  push(chunk: Buffer): void {
    if (this.#queue.length >= MOST_PIECES) this.#queue = [Buffer.concat(this.#queue)];
    this.#queue.push(chunk);
    this.#queued += chunk.length;
    this.#move();
  }

  end(): void {
    this.#ended = true;
    this.#move();
  }

  /** All of it, when it has ended and nothing flowed. It stays here, so that it can be taken again. */
  whole(): Buffer {
    const [only, ...others] = this.#queue;
    if (only !== undefined && others.length === 0) return only;
    const whole = this.#gather();
    freeCopied(this.#queue);
    this.#queue = [whole];
    return whole;
  }

  /** The wire has taken all of what `whole` gave; its memory may be used again. */
  taken(): void {
    if (this.#slab !== null) returnSlab(this.#slab);
    this.#slab = null;
    this.#queue = [];
  }

  /** All of it as it comes. Only the last flow that was opened gets anything. */
  open(): Readable {
    const flow: Readable = new Readable({
      highWaterMark: READ_AHEAD_BYTES,
      read: () => {
        if (flow !== this.#flow) return;
        this.#flowing = true;
        this.#wanted = true;
        this.#move();
      },
    });
    flow.on('error', () => {});
    this.#flow = flow;
    return flow;
  }

  /** Breaks a flow off, so that nobody takes it for whole, and forgets what waits. */
  discard(reason: string): void {
    clearTimeout(this.#stall);
    this.#queue = [];
    this.#queued = 0;
    this.#flow?.destroy(new Error(reason));
    this.#flow = null;
  }

  /** Moves what waits to the wire as far as the wire wants it. */
  #move(): void {
    const flow = this.#flow;
    if (flow === null || !this.#flowing) return;
    const wasFull = this.full;
    let moved = false;
    while (this.#wanted && this.#queue.length > 0) {
      const chunk = this.#queue.shift() as Buffer;
      this.#queued -= chunk.length;
      this.#wanted = flow.push(chunk);
      passedOn(chunk.length);
      moved = true;
    }
    this.#watch(moved);
    if (this.#queue.length === 0 && this.#ended) flow.push(null);
    else if (wasFull && !this.full) this.#drained();
  }

  #gather(): Buffer {
    if (this.#queued > SLAB_BYTES) return Buffer.concat(this.#queue);
    const slab = takeSlab();
    this.#slab = slab;
    let filled = 0;
    for (const piece of this.#queue) filled += piece.copy(slab, filled);
    return slab.subarray(0, filled);
  }

  #watch(moved: boolean): void {
    if (!moved && this.#queue.length > 0 && this.#stall !== undefined) return;
    clearTimeout(this.#stall);
    this.#stall =
      this.#queue.length === 0
        ? undefined
        : setTimeout(() => this.discard('the reader has stopped'), STALLED_MS);
  }
}
