import { collectNow } from './heap-size.ts';

/** Node reads a socket into a new buffer of 64 KiB each time; so many bytes of them may lie dead. */
const COLLECT_EVERY_BYTES = 16 * 1024 * 1024;

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

/** Gives memory back at once that nobody looks at any more. It would lie dead until V8 has something else to collect. */
export function free(memory: ArrayBufferLike): void {
  if (memory instanceof ArrayBuffer && !memory.detached) memory.transfer(0);
}
