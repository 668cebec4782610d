import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Both halves of the young generation, bytes. With 2 MiB a run takes a third more CPU, with 16 MiB no less. */
const YOUNG_BYTES = 8 * 1024 * 1024;
/** How much may come on top of what was alive at the last collection, before V8 begins the next one. */
const GROWING_PERCENT = 25;
const MOST_TRIES = 8;

type Collect = (options: { type: 'minor' | 'major' }) => void;

let collect: Collect | null = null;
let small = false;

/**
 * Has V8's young generation stay as large as it is. It only ever grows, and loading this program makes it 32 MiB, so a
 * command that wants `keepHeapSmall` calls this before it loads anything.
 */
export function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * For work that goes through many large texts and keeps nothing: V8 would take 200 MiB more than it needs before it
 * looks for what is dead. The young generation is made 8 MiB large, if it is not larger already, and the old one may
 * grow by a quarter of what is alive.
 */
export function keepHeapSmall(): void {
  if (small) return;
  small = true;
  growYoungGeneration();
  holdYoungGeneration();
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
  // The limit of the old generation is only ever set by a collection.
  collectNow('major');
}

/** Collects garbage here and now: the young generation in about a millisecond, everything in twenty. */
export function collectNow(type: 'minor' | 'major'): void {
  collect ??= exposeCollect();
  collect({ type });
}

/** It doubles when enough has survived in it. */
function growYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=2');
  for (let tries = 0; tries < MOST_TRIES && youngBytes() < YOUNG_BYTES; tries += 1) {
    const survivors = Array.from({ length: YOUNG_BYTES / 256 }, () => ({ tries }));
    collectNow('minor');
    survivors.length = 0;
  }
}

function youngBytes(): number {
  return (
    getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? YOUNG_BYTES
  );
}

/** The flag gives `gc` to contexts made after it, and to nothing else. */
function exposeCollect(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect;
}
