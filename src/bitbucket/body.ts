import { gunzipSync } from 'node:zlib';

/** Why the bytes of a body are of no use. */
export type BodyFlaw = 'too-large' | 'cut-short' | 'garbled';

/** Hears how the body went: one of the two, once. */
export interface BodyListener {
  /** The bytes stand in memory of their own, which the listener may free. */
  whole(bytes: Buffer): void;
  flawed(flaw: BodyFlaw): void;
}

/** No smaller: Node hands out less from memory that others share. */
const LEAST_ROOM = 64 * 1024;
/** The end of a gzip: a checksum and, modulo 2^32, how many bytes were packed (RFC 1952). */
const SIZE_AT = -4;

/** Collects one body of at most so many bytes, and unpacks it at its end; the limit is on what comes out, too. */
export class Body {
  readonly #packed: boolean;
  readonly #longest: number;
  readonly #listener: BodyListener;
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #over = false;

  constructor(packed: boolean, longest: number, listener: BodyListener) {
    this.#packed = packed;
    this.#longest = longest;
    this.#listener = listener;
  }

  write(piece: Buffer): void {
    if (this.#over) return;
    this.#size += piece.length;
    if (this.#size > this.#longest) this.#flawed('too-large');
    else this.#pieces.push(piece);
  }

  /** No more bytes come. */
  end(): void {
    if (this.#over) return;
    const whole = this.#together();
    const bytes = this.#packed ? unpacked(whole, this.#longest) : whole;
    if (typeof bytes === 'string') return this.#flawed(bytes);
    this.drop();
    this.#listener.whole(bytes);
  }

  /** Nobody wants it any more; the listener hears nothing further. */
  drop(): void {
    this.#over = true;
    this.#pieces.length = 0;
  }

  #together(): Buffer {
    const whole = Buffer.allocUnsafeSlow(this.#size);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(whole, at);
    return whole;
  }

  #flawed(flaw: BodyFlaw): void {
    this.drop();
    this.#listener.flawed(flaw);
  }
}

/** At once, as a page takes two milliseconds: in pieces, on another thread, it takes more memory and no less time of this one. */
function unpacked(packed: Buffer, longest: number): Buffer | BodyFlaw {
  const told = packed.length < -SIZE_AT ? 0 : packed.readUInt32LE(packed.length + SIZE_AT);
  const chunkSize = Math.max(LEAST_ROOM, Math.min(told, longest) + 1);
  try {
    return gunzipSync(packed, { maxOutputLength: longest, chunkSize });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') return 'too-large';
    return code === 'Z_BUF_ERROR' ? 'cut-short' : 'garbled';
  }
}
