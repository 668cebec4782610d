import { setTimeout as pause } from 'node:timers/promises';
import type { CallAnswer, CallOptions } from './caller.ts';

export interface LoadOptions {
  /** Calls a second. They start on time, whether or not those before are answered, as far as `mostAtOnce` allows. */
  readonly rate: number;
  readonly seconds: number;
  /** Calls under way at once; when there are so many the next one waits, so that a slow machine is not buried. Default any number. */
  readonly mostAtOnce?: number;
  /** Asked one after the other. */
  readonly paths: readonly string[];
  call(path: string, options: CallOptions): Promise<Pick<CallAnswer, 'status' | 'ms'>>;
  /** Hears of each call that was not answered with 200 as it happens: its second, and the status or what broke. */
  failed?(second: number, path: string, what: string): void;
}

/** What became of the calls. */
export interface LoadReport {
  readonly sent: number;
  /** From the first call to the last answer. */
  readonly seconds: number;
  /** Answered with 200, whole. */
  readonly answered: number;
  /** How often each other status or error came. */
  readonly failures: Readonly<Record<string, number>>;
  /** Milliseconds, of those answered. */
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

const PATIENCE_MS = 60_000;

/** Calls at an even rate, over the socket and as a stream in turn. Ends by itself: each call has a minute. */
export async function putUnderLoad(options: LoadOptions): Promise<LoadReport> {
  const { rate, seconds, mostAtOnce = Number.POSITIVE_INFINITY, paths, call } = options;
  const times: number[] = [];
  const failures: Record<string, number> = {};
  const begun = performance.now();
  const one = async (number: number) => {
    const path = paths[number % paths.length] ?? '/';
    const over = Math.floor(number / paths.length) % 2 === 0 ? 'socket' : 'stream';
    const what = await outcome(call(path, { over }), times);
    if (what === null) return;
    failures[what] = (failures[what] ?? 0) + 1;
    options.failed?.(Math.floor(number / rate), path, what);
  };
  const total = Math.round(rate * seconds);
  const running = new Set<Promise<void>>();
  for (let number = 0; number < total; number += 1) {
    const ahead = begun + (number * 1_000) / rate - performance.now();
    if (ahead > 1) await pause(ahead);
    while (running.size >= mostAtOnce) await Promise.race(running);
    const ending: Promise<void> = one(number).finally(() => running.delete(ending));
    running.add(ending);
  }
  await Promise.all(running);
  const took = (performance.now() - begun) / 1_000;
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    ...{ sent: total, seconds: took, answered: times.length, failures },
    ...{ p50: at(0.5), p99: at(0.99), slowest: at(1) },
  };
}

/** `null`: answered with 200, and how long it took is in `times`. */
async function outcome(answer: ReturnType<LoadOptions['call']>, times: number[]): Promise<string | null> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  const silence = new Promise<'no answer'>((resolve) => {
    late.addEventListener('abort', () => resolve('no answer'), { once: true });
  });
  try {
    const came = await Promise.race([answer, silence]);
    if (came === 'no answer') return came;
    if (came.status !== 200) return String(came.status);
    times.push(came.ms);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
