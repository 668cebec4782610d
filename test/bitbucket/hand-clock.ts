import type { Pause } from '../../src/bitbucket/pause.ts';

/** A clock that goes only when it is told to. */
export interface HandClock {
  readonly now: () => number;
  readonly pause: Pause;
  /** How many pauses are under way. */
  readonly pausing: number;
  /** Moves on and ends the pauses that are over; resolves when what waited for them has gone on. */
  advance(ms: number): Promise<void>;
}

export function handClock(): HandClock {
  let time = 1_000;
  const pauses = new Set<{ readonly until: number; readonly end: () => void }>();
  return {
    now: () => time,
    pause: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const one = {
          until: time + ms,
          end: () => {
            pauses.delete(one);
            resolve();
          },
        };
        pauses.add(one);
        signal?.addEventListener('abort', one.end);
      }),
    get pausing() {
      return pauses.size;
    },
    async advance(ms) {
      time += ms;
      for (const { until, end } of [...pauses]) if (until <= time) end();
      await turn();
    },
  };
}

/** Lets everything that only waits for promises go on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
