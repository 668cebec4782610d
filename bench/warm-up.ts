import type { Field, LoadOptions, Runner } from './field.ts';
import type { Round } from './measurement.ts';
import { LARGE_PAGE, SMALL_PAGE } from './places.ts';

type Kind = Pick<LoadOptions, 'path' | 'over'>;

/** Both answer paths, both sizes. */
const KINDS: readonly Kind[] = [
  { path: SMALL_PAGE, over: 'socket' },
  { path: SMALL_PAGE, over: 'stream' },
  { path: LARGE_PAGE, over: 'socket' },
  { path: LARGE_PAGE, over: 'stream' },
];
export const WARM_UP_CALLS = 5_000;
export const AT_ONCE = 8;

const MIB = 1024 * 1024;
const done = new WeakSet<Runner>();

/** Bytes of the streams that are measured; those of a quick run are all short. */
export const streamBytes = (mebibytes: number, quick: boolean): number =>
  (quick ? Math.min(32, mebibytes) : mebibytes) * MIB;

/**
 * Calls of every kind and a long stream, before anything is read off a process that runs: what it does often is compiled
 * then, and its memory is as large as this load makes it. A process that had it is left alone.
 */
export async function warmUp(field: Field, runner: Runner, quick: boolean): Promise<void> {
  if (done.has(runner)) return;
  done.add(runner);
  const calls = quick ? 60 : WARM_UP_CALLS;
  for (const kind of KINDS) await field.load(runner, { ...kind, atOnce: AT_ONCE, calls });
  await field.stream(runner, streamBytes(256, quick));
}

/** The field and the contenders of a round, all warmed up. */
export async function warmRunners({
  field: open,
  runners: start,
  quick,
}: Round): Promise<{ field: Field; runners: readonly Runner[] }> {
  const field = await open();
  const runners = await start();
  for (const runner of runners) await warmUp(field, runner, quick);
  return { field, runners };
}
