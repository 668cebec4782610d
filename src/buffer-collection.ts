import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Node reads a socket into a new buffer of 64 KiB each time; so many bytes of them may lie dead. */
const YOUNG_EVERY_BYTES = 16 * 1024 * 1024;
/** Of a page V8 keeps several times its size alive while it is read: the text, and what the text says. */
const ALL_EVERY_BYTES = 4 * 1024 * 1024;

type Collect = (options: { type: 'minor' | 'major' }) => void;

let collect: Collect | null = null;
let streamed = 0;
let used = 0;

/**
 * Tells that a streamed answer passed on so many bytes. The buffers they came in are dead then, but V8 counts them
 * beside its own heap and lets 64 MiB of them pile up before it looks: it is asked to collect its young generation,
 * where they all are, after every 16 MiB. That takes about a millisecond and keeps 1 GiB from adding 80 MiB.
 */
export function passedOn(bytes: number): void {
  streamed += bytes;
  if (streamed < YOUNG_EVERY_BYTES) return;
  streamed = 0;
  collectNow('minor');
}

/**
 * Tells that a large text of so many bytes is used up when the present callback is over. Such texts, and what was
 * parsed of them, outlive V8's young generation, and V8 lets 100 MiB of them lie before it looks at the old one: it is
 * asked to collect everything after every 4 MiB of text, which takes some 15 milliseconds.
 */
export function usedUp(bytes: number): void {
  used += bytes;
  if (used < ALL_EVERY_BYTES) return;
  used = 0;
  setImmediate(() => collectNow('major'));
}

/**
 * Has V8's young generation stay as large as it is: a few MiB after a start. Whoever parses page after page would have
 * it grow to 100 MiB, for nothing that shows in the time it takes.
 */
export function stopGrowing(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** Gives memory back at once that nobody looks at any more. It would lie dead until V8 has something else to collect. */
export function free(memory: ArrayBufferLike): void {
  if (memory instanceof ArrayBuffer && !memory.detached) memory.transfer(0);
}

function collectNow(type: 'minor' | 'major'): void {
  collect ??= exposeCollect();
  collect({ type });
}

/** The flag gives `gc` to contexts made after it, and to nothing else. */
function exposeCollect(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
