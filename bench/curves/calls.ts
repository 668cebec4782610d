import type { Field, LoadSeen } from '../field.ts';
import type { Contender } from '../figure.ts';
import { SMALL_PAGE } from '../places.ts';
import { memoryOf } from '../process-usage.ts';
import { type Curve, LineBook, median } from './curve.ts';

export interface CallLoad {
  /** How many are under way at once: one point each. */
  readonly atOnce: readonly number[];
  /** Calls of one point. */
  readonly calls: number;
  /** So many times; the median counts. */
  readonly rounds: number;
  /** Calls before them that do not count. */
  readonly warmUp: number;
}

const CONTENDERS: readonly Contender[] = ['agent', 'official'];
const ROADS = ['socket', 'stream'] as const;
const MIB = 1024 * 1024;

type Shown = Pick<Curve, 'id' | 'title' | 'unit'>;

const SHOWN = {
  cpu: { id: 'calls-cpu', title: 'CPU a call', unit: 'ms' },
  rate: { id: 'calls-rate', title: 'Calls a second', unit: '1/s' },
  p50: { id: 'calls-p50', title: 'Time of a call, p50', unit: 'ms' },
  p99: { id: 'calls-p99', title: 'Time of a call, p99', unit: 'ms' },
  memory: { id: 'calls-memory', title: 'Memory at the highest', unit: 'MiB' },
} as const satisfies Readonly<Record<string, Shown>>;

type Kind = keyof typeof SHOWN;

/** What ever more calls at once cost, answers over the socket and streamed ones. Each point has a process of its own. */
export async function callCurves(field: Field, load: CallLoad): Promise<Curve[]> {
  const books = Object.fromEntries(Object.keys(SHOWN).map((kind) => [kind, new LineBook()])) as Record<
    Kind,
    LineBook
  >;
  for (const over of ROADS) {
    for (const atOnce of load.atOnce) {
      for (const contender of CONTENDERS) {
        const point = await pointOf(field, contender, { over, atOnce, load });
        for (const [kind, value] of Object.entries(point))
          books[kind as Kind].add(`${contender}, ${over}`, atOnce, value);
      }
    }
  }
  return Object.entries(SHOWN).map(([kind, shown]) => ({
    ...shown,
    x: 'calls at once',
    of: 'each',
    lines: books[kind as Kind].lines,
  }));
}

async function pointOf(
  field: Field,
  contender: Contender,
  { over, atOnce, load }: { over: (typeof ROADS)[number]; atOnce: number; load: CallLoad },
): Promise<Record<Kind, number>> {
  const runner = await field.start(contender);
  try {
    const shared = { path: SMALL_PAGE, over, atOnce };
    await field.load(runner, { ...shared, calls: Math.max(load.warmUp, atOnce) });
    const rounds: LoadSeen[] = [];
    for (let round = 0; round < load.rounds; round += 1)
      rounds.push(await field.load(runner, { ...shared, calls: Math.max(load.calls, 8 * atOnce) }));
    const medianOf = (value: (seen: LoadSeen) => number) => median(rounds.map(value));
    return {
      cpu: medianOf(({ cpuSeconds, calls }) => (cpuSeconds * 1000) / calls),
      rate: medianOf(({ calls, seconds }) => calls / seconds),
      p50: medianOf((seen) => timeAt(seen, 0.5)),
      p99: medianOf((seen) => timeAt(seen, 0.99)),
      memory: memoryOf(runner.pid).peak / MIB,
    };
  } finally {
    await runner.end();
  }
}

/** The time within which so large a part of the calls was answered. */
const timeAt = ({ times }: LoadSeen, part: number): number =>
  times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
