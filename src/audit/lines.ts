import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const LF = 10;
const BLOCK_BYTES = 256 * 1024;
/** No record is longer; what is longer is none. */
export const LONGEST_LINE_BYTES = 1024 * 1024;

/** A line without its line break. */
export interface Line {
  /** Of a line that is too long only a part. */
  readonly bytes: Buffer;
  /** `false`: there is no line break after it. */
  readonly whole: boolean;
}

/**
 * The lines of a file from its start, many at a time. Of a line that is too long only the beginning is given. A file
 * that is gone has none: retention may be at work.
 *
 * @param end reads no further than this many bytes
 * @param start where a line begins
 */
export async function* linesOf(
  path: string,
  end = Number.POSITIVE_INFINITY,
  start = 0,
): AsyncGenerator<readonly Line[]> {
  if (end <= start || !existsSync(path)) return;
  let rest: Buffer = Buffer.alloc(0);
  const options = {
    highWaterMark: BLOCK_BYTES,
    start,
    ...(end === Number.POSITIVE_INFINITY ? {} : { end: end - 1 }),
  };
  for await (const block of createReadStream(path, options) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block]);
    const lines: Line[] = [];
    let from = 0;
    for (let to = bytes.indexOf(LF); to >= 0; to = bytes.indexOf(LF, from)) {
      lines.push({ bytes: bytes.subarray(from, to), whole: true });
      from = to + 1;
    }
    rest = bytes.subarray(from);
    // Cut, so that it stays too long without growing.
    if (rest.length > LONGEST_LINE_BYTES) rest = rest.subarray(0, LONGEST_LINE_BYTES + 1);
    yield lines;
  }
  if (rest.length > 0) yield [{ bytes: rest, whole: false }];
}

/** A line and how long it is. */
export interface MeasuredLine extends Line {
  readonly length: number;
}

/**
 * The lines of a file from its end, last one first; none of a file that is gone. Of a line that is too long only the
 * beginning is given. Ends early where the file becomes shorter meanwhile.
 *
 * @param end leaves out what is behind this many bytes
 */
export function* linesBackwards(path: string, end = Number.POSITIVE_INFINITY): Generator<MeasuredLine> {
  if (!existsSync(path)) return;
  const fd = openSync(path, 'r');
  try {
    let position = Math.min(fstatSync(fd).size, end);
    let whole = false;
    const pieces = new Pieces();
    while (position > 0) {
      const block = readBlock(fd, Math.max(0, position - BLOCK_BYTES), position);
      if (block === null) return;
      position -= block.length;
      let to = block.length;
      for (let at = block.lastIndexOf(LF); at >= 0; at = at === 0 ? -1 : block.lastIndexOf(LF, at - 1)) {
        const line = pieces.take(block.subarray(at + 1, to));
        // The first one is what stands behind the last line break: nothing, if all is well.
        if (whole || line.length > 0) yield { ...line, whole };
        whole = true;
        to = at;
      }
      pieces.put(block.subarray(0, to));
    }
    const line = pieces.take(Buffer.alloc(0));
    if (whole || line.length > 0) yield { ...line, whole };
  } finally {
    closeSync(fd);
  }
}

/** The pieces of one line, last one first; of a line that is too long the foremost are kept. */
class Pieces {
  #pieces: Buffer[] = [];
  #length = 0;
  #kept = 0;

  put(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
    this.#kept += piece.length;
    while (this.#kept - (this.#pieces[0]?.length ?? 0) > LONGEST_LINE_BYTES) {
      this.#kept -= this.#pieces.shift()?.length ?? 0;
    }
  }

  /** The line that begins with this piece. */
  take(piece: Buffer): { bytes: Buffer; length: number } {
    this.put(piece);
    const line = { bytes: Buffer.concat(this.#pieces.reverse()), length: this.#length };
    this.#pieces = [];
    this.#length = 0;
    this.#kept = 0;
    return line;
  }
}

function readBlock(fd: number, from: number, to: number): Buffer | null {
  const block = Buffer.allocUnsafe(to - from);
  let read = 0;
  while (read < block.length) {
    const count = readSync(fd, block, read, block.length - read, from + read);
    if (count === 0) return null;
    read += count;
  }
  return block;
}
