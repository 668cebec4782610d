import type { LoadOptions, LoadSeen } from '../field.ts';
import type { Figure, Sample } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { LARGE_PAGE, SMALL_PAGE } from '../places.ts';
import { at } from '../statistics.ts';
import { AT_ONCE, warmRunners } from '../warm-up.ts';

/** One load, and what is told of it. */
interface Case extends Pick<LoadOptions, 'path' | 'over' | 'atOnce'> {
  readonly calls: number;
  readonly cpu: Figure | null;
  readonly p50: Figure | null;
  readonly p99: Figure | null;
}

const WAYS = { socket: 'over the socket', stream: 'streamed' } as const;
const CALLS = 3_000;
const CALLS_ONE_BY_ONE = 500;
const QUICK_CALLS = 100;

const cpu = (over: 'socket' | 'stream', size: 'small' | 'page', target: number | null): Figure => ({
  id: `cpu-${over}-${size}`,
  title: `CPU a call, ${WAYS[over]}, ${size === 'small' ? '3 KB' : '50 KB'}`,
  unit: 'ms',
  better: 'less',
  target,
});

const latency = (
  share: 'p50' | 'p99',
  over: 'socket' | 'stream',
  atOnce: number,
  target: number | null = null,
): Figure => ({
  id: `${share}-${over}-${atOnce}`,
  title: `${share}, ${WAYS[over]}, 3 KB, ${atOnce} at once`,
  unit: 'ms',
  better: 'less',
  target,
});

const small = { path: SMALL_PAGE, atOnce: AT_ONCE, calls: CALLS } as const;
const page = { path: LARGE_PAGE, atOnce: AT_ONCE, calls: CALLS, p50: null, p99: null } as const;
const single = { path: SMALL_PAGE, atOnce: 1, calls: CALLS_ONE_BY_ONE, cpu: null } as const;

const CASES: readonly Case[] = [
  {
    ...{ ...small, over: 'socket', cpu: cpu('socket', 'small', 0.5) },
    ...{ p50: latency('p50', 'socket', AT_ONCE), p99: latency('p99', 'socket', AT_ONCE) },
  },
  {
    ...{ ...small, over: 'stream', cpu: cpu('stream', 'small', 0.35) },
    ...{ p50: latency('p50', 'stream', AT_ONCE), p99: latency('p99', 'stream', AT_ONCE, 0.6) },
  },
  { ...page, over: 'socket', cpu: cpu('socket', 'page', null) },
  { ...page, over: 'stream', cpu: cpu('stream', 'page', 0.45) },
  { ...single, over: 'socket', p50: latency('p50', 'socket', 1), p99: latency('p99', 'socket', 1) },
  { ...single, over: 'stream', p50: latency('p50', 'stream', 1), p99: latency('p99', 'stream', 1) },
];

function told({ cpu: cost, p50, p99 }: Case, { calls, cpuSeconds, times }: LoadSeen) {
  const readings = [
    [cost, (cpuSeconds / calls) * 1000],
    [p50, at(times, 0.5)],
    [p99, at(times, 0.99)],
  ] as const;
  return readings.flatMap(([figure, value]) => (figure === null ? [] : [{ figure: figure.id, value }]));
}

/** What a relayed call costs, and how long it takes. */
export const calls: Measurement = {
  name: 'calls',
  title: 'Calls',
  how: `Pages of users (3 KB and 50 KB) through the broker server, answered over the websocket or as a stream of their own, ${CALLS} calls a reading, ${AT_ONCE} under way at any time (${CALLS_ONE_BY_ONE} calls where they come one by one). CPU is that of the whole process divided by the calls. Times are from the call to the last byte at the caller, and have the broker server and Bitbucket in them, which are the same for all.`,
  figures: CASES.flatMap((each) => [each.cpu, each.p50, each.p99].filter((figure) => figure !== null)),
  rounds: 'each',
  async measure(round) {
    const { quick } = round;
    const { field, runners } = await warmRunners(round);
    const samples: Sample[] = [];
    for (const each of CASES) {
      for (const runner of runners) {
        const seen = await field.load(runner, { ...each, calls: quick ? QUICK_CALLS : each.calls });
        for (const reading of told(each, seen)) samples.push({ ...reading, contender: runner.contender });
      }
    }
    return samples;
  },
};
