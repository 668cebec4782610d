import { createGunzip, type Gunzip } from 'node:zlib';
import { free } from '../buffer-collection.ts';

/** Why the bytes of a body are of no use. */
export type BodyFlaw = 'too-large' | 'cut-short' | 'garbled';

/** Hears how the body went: one of the first two, once; `drained` when there is room again after `write` said `false`. */
export interface BodyListener {
  /** The bytes stand in memory of their own, which the listener may free. */
  whole(bytes: Buffer): void;
  flawed(flaw: BodyFlaw): void;
  drained(): void;
}

/** Pieces that gzip hands out; its own 16 KiB make four times the work of a page. */
const PIECE_BYTES = 64 * 1024;

/** Collects one body of at most so many bytes, and unpacks it on the way; the limit is on what comes out. */
export class Body {
  readonly #longest: number;
  readonly #listener: BodyListener;
  readonly #gunzip: Gunzip | null;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #over = false;

  constructor(packed: boolean, longest: number, listener: BodyListener) {
    this.#longest = longest;
    this.#listener = listener;
    this.#gunzip = packed ? this.#unpacking(createGunzip({ chunkSize: PIECE_BYTES })) : null;
  }

  /** @returns false to hold back until `drained` */
  write(chunk: Buffer): boolean {
    if (this.#over) return true;
    if (this.#gunzip !== null) return this.#gunzip.write(chunk);
    this.#take(chunk);
    return true;
  }

  /** No more bytes come. */
  end(): void {
    if (this.#gunzip === null) this.#finish();
    else if (!this.#over) this.#gunzip.end();
  }

  /** Nobody wants it any more; the listener hears nothing further. */
  drop(): void {
    this.#over = true;
    this.#pieces.length = 0;
    this.#gunzip?.destroy();
  }

  #unpacking(gunzip: Gunzip): Gunzip {
    return gunzip
      .on('data', (piece: Buffer) => this.#take(piece))
      .on('drain', () => this.#listener.drained())
      .on('end', () => this.#finish())
      .on('error', ({ code }: NodeJS.ErrnoException) =>
        this.#flawed(code === 'Z_BUF_ERROR' ? 'cut-short' : 'garbled'),
      );
  }

  #take(piece: Buffer): void {
    if (this.#over) return;
    this.#size += piece.length;
    if (this.#size > this.#longest) this.#flawed('too-large');
    else this.#pieces.push(piece);
  }

  #finish(): void {
    if (this.#over) return;
    const whole = Buffer.allocUnsafeSlow(this.#size);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(whole, at);
    // Pieces that did not come out of gzip stand in memory of the connection's.
    if (this.#gunzip !== null) for (const { buffer } of this.#pieces) free(buffer);
    this.#listener.whole(whole);
    this.drop();
  }

  #flawed(flaw: BodyFlaw): void {
    if (this.#over) return;
    this.drop();
    this.#listener.flawed(flaw);
  }
}
