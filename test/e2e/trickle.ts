import { setTimeout as pause } from 'node:timers/promises';
import type { CallOptions } from '../../sandbox/caller.ts';
import type { Stage } from '../../sandbox/stage.ts';

/** How one call ended. */
export interface Outcome {
  readonly path: string;
  readonly over: 'socket' | 'stream';
  readonly requestId: string | null;
  /** What the caller was answered; `failed`: its connection broke visibly; `hangs`: neither, and time is up. */
  readonly end: number | 'failed' | 'hangs';
}

/** Calls that go on and on, over both answer paths in turn. */
export interface Trickle {
  /** The calls that have ended, in the order of their ends. */
  readonly ended: readonly Outcome[];
  /** Starts no more calls, and waits for the end of those that run. */
  stop(): Promise<readonly Outcome[]>;
}

export interface TrickleOptions {
  /** In turn, each over both answer paths. */
  readonly paths: readonly string[];
  /** Milliseconds from the start of one call to that of the next, whether it has ended or not. */
  readonly everyMs: number;
  /** How long a call may take before it counts as hanging. */
  readonly patienceMs: number;
}

/** Begins to call the agent through the broker server. */
export function startTrickle(stage: Stage, { paths, everyMs, patienceMs }: TrickleOptions): Trickle {
  const ended: Outcome[] = [];
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();

  const one = async (path: string, over: NonNullable<CallOptions['over']>) => {
    const timer = new AbortController();
    const answer = stage.call(path, { over }).then(
      ({ status, requestId }) => ({ end: status, requestId }),
      () => ({ end: 'failed' as const, requestId: null }),
    );
    const late = pause(patienceMs, { end: 'hangs' as const, requestId: null }, { signal: timer.signal });
    ended.push({ path, over, ...(await Promise.race([answer, late])) });
    timer.abort();
    await late.catch(() => undefined);
  };
  const run = async () => {
    for (let count = 0; !stopped.signal.aborted; count += 1) {
      const path = paths[(count >> 1) % paths.length] ?? '/';
      const call = one(path, count % 2 === 0 ? 'socket' : 'stream').finally(() => running.delete(call));
      running.add(call);
      await pause(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };
  const loop = run();
  return {
    ended,
    async stop() {
      stopped.abort();
      await loop;
      await Promise.all(running);
      return ended;
    },
  };
}
