import { collectNow } from './heap-size.ts';

/** Node reads a socket into a new buffer of 64 KiB each time; so many bytes of them may lie dead. */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

let streamed = 0;

/**
 * Tells that a streamed answer passed on so many bytes. The buffers they came in are dead then, but V8 counts them
 * beside its own heap and lets 64 MiB of them pile up before it looks: it is asked to collect its young generation,
 * where they all are, after every 16 MiB. That takes about a millisecond and keeps 1 GiB from adding 80 MiB.
 */
export function passedOn(bytes: number): void {
  streamed += bytes;
  if (streamed < COLLECT_EVERY_BYTES) return;
  streamed = 0;
  collectNow('minor');
}

/** Less is not worth the trouble. */
const SMALLEST_BYTES = 16 * 1024;

/**
 * Gives back what pieces of a body came in, once they were copied. Not before the parser that read them has returned: it
 * is still looking at the newest. Small buffers are cut from pools of a size of their own, which others still use.
 */
export function freeCopied(pieces: readonly Buffer[]): void {
  if (pieces.some(ownsMemory)) setImmediate(freeOwned, pieces);
}

function freeOwned(pieces: readonly Buffer[]): void {
  for (const piece of pieces) if (ownsMemory(piece)) free(piece.buffer);
}

const ownsMemory = ({ buffer: { byteLength } }: Buffer): boolean =>
  byteLength >= SMALLEST_BYTES && byteLength !== Buffer.poolSize;

/** Gives memory back at once that nobody looks at any more. It would lie dead until V8 has something else to collect. */
export function free(memory: ArrayBufferLike): void {
  if (memory instanceof ArrayBuffer && !memory.detached) memory.transfer(0);
}
