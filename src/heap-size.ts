import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Both halves of the young generation, bytes. With 2 MiB a run of the inventory takes a third more CPU, with 16 MiB no less. */
const YOUNG_BYTES = 8 * 1024 * 1024;
/** How much may come on top of what was alive at the last collection, before V8 begins the next one. */
const GROWING_PERCENT = 100;
const MOST_TRIES = 8;
/** V8's optimising ones. */
const COMPILERS = ['opt', 'maglev'];

type Collect = (options: { type: 'minor' | 'major' }) => void;

let collect: Collect | null = null;
let serving = false;

/** Undici's HTTP parser is WebAssembly: the optimising compiler takes 26 MiB for it, and no call gets cheaper by that. */
const QUICK_WASM = ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];

/**
 * To be called before anything is loaded. V8's young generation only ever grows, and loading this program would make it
 * 32 MiB: it is held at the 2 MiB it begins with.
 */
export function startSmall(): void {
  holdYoungGeneration();
  for (const flag of QUICK_WASM) setFlagsFromString(flag);
}

/**
 * For a program that may wait for long: a start runs each function a few times, and compiling those that it runs often
 * takes 12 MiB and makes it no faster.
 */
export function compileLater(): void {
  for (const compiler of COMPILERS) setFlagsFromString(`--no-${compiler}`);
}

/**
 * For a program that serves: what runs often is compiled, the young generation is 8 MiB large under any load, and the
 * old one may double what is alive: V8 would take much more than it needs before it looks for what is dead.
 */
export function serveSmall(): void {
  if (serving) return;
  serving = true;
  for (const compiler of COMPILERS) setFlagsFromString(`--${compiler}`);
  growYoungGeneration();
  holdYoungGeneration();
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
  // The limit of the old generation is only ever set by a collection.
  collectNow('major');
}

/** Has V8's young generation stay as large as it is. */
function holdYoungGeneration(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
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
