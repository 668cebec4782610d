/** Resolves after so many milliseconds, or as soon as `signal` aborts; never rejects. */
export type Pause = (ms: number, signal?: AbortSignal | undefined) => Promise<void>;

/** The real one. While it lasts the process stays alive. */
export const pause: Pause = (ms, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });

/**
 * Milliseconds before the next try: uniform between nothing and an exponentially growing ceiling ("full jitter").
 *
 * @param failures tries that failed so far, from 1
 * @param random uniform in [0, 1)
 */
export const fullJitter = (failures: number, firstMs: number, capMs: number, random: () => number): number =>
  random() * Math.min(capMs, firstMs * 2 ** Math.min(failures - 1, 20));
