import { setTimeout as pause } from 'node:timers/promises';

export interface Load {
  readonly perSecond: number;
  readonly seconds: number;
  /** Calls under way at once; when there are so many the next one waits, so that a slow machine is not buried. */
  readonly mostAtOnce: number;
}

export interface LoadOutcome {
  /** How many calls ended with which status; `failed`: without an answer. */
  readonly ends: Readonly<Record<string, number>>;
  /** From the first call to the last answer. */
  readonly seconds: number;
  readonly longestMs: number;
}

/** Makes `perSecond * seconds` calls at an even pace, and waits for all of them. */
export async function steadyLoad(
  call: (index: number) => Promise<{ readonly status: number }>,
  { perSecond, seconds, mostAtOnce }: Load,
): Promise<LoadOutcome> {
  const ends: Record<string, number> = {};
  const running = new Set<Promise<void>>();
  const begun = performance.now();
  let longestMs = 0;
  const one = async (index: number) => {
    const from = performance.now();
    const end = await call(index).then(
      ({ status }) => String(status),
      () => 'failed',
    );
    longestMs = Math.max(longestMs, performance.now() - from);
    ends[end] = (ends[end] ?? 0) + 1;
  };
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const early = begun + (index * 1000) / perSecond - performance.now();
    if (early > 1) await pause(early);
    while (running.size >= mostAtOnce) await Promise.race(running);
    const ending: Promise<void> = one(index).finally(() => running.delete(ending));
    running.add(ending);
  }
  await Promise.all(running);
  return { ends, seconds: (performance.now() - begun) / 1000, longestMs };
}
