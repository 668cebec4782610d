import { Histogram, type Registry } from 'prom-client';
import type { CallListener, CallRecord, Road } from '../../call.ts';
import { errorTypeOf } from '../../relay/reply-head.ts';
import type { TargetFlaw } from '../../rules/target.ts';
import { KindCounts } from './kind-counts.ts';
import { PREFIX, type Readings, type Sample } from './readings.ts';

/** Seconds: from an answer out of Bitbucket's cache to its time limit. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx', 'other'] as const;
const WEBHOOK_OUTCOMES = ['accepted', 'refused', 'failed'] as const;

/**
 * Kinds that are there from the start, for alerts on an increase: of a series whose first value is 50 Prometheus sees no
 * increase to 50. URLs that two readers understand in two ways, where others choose them; a login that is refused.
 */
const EVASIONS: readonly TargetFlaw[] = [
  'dot-segment',
  'path-parameter',
  'backslash',
  'encoded-percent',
  'control-character',
  'invalid-utf8',
];
const LOGIN_FAILURES = ['DOWNSTREAM_UNAUTHORIZED', 'DOWNSTREAM_FORBIDDEN'];
const FROM_ZERO: Readonly<
  Record<Road, { readonly refusals: readonly string[]; readonly failures: readonly string[] }>
> = {
  tunnel: { refusals: EVASIONS, failures: LOGIN_FAILURES },
  'http-relay': { refusals: EVASIONS, failures: LOGIN_FAILURES },
  inventory: { refusals: [], failures: LOGIN_FAILURES },
  webhook: { refusals: EVASIONS, failures: [] },
  delivery: { refusals: [], failures: [] },
};

type Timer = (seconds: number) => void;

/** What is counted of one road. */
interface RoadCounts {
  bytes: number;
  /** By rule, then by verdict and status class. */
  readonly byRule: Map<string | null, (Tally | undefined)[]>;
  readonly failures: KindCounts;
  readonly refusals: KindCounts;
  readonly firstByte: Timer;
  readonly answer: Timer;
}

/** The calls of one road, rule, verdict and status class. */
interface Tally {
  readonly labels: Readonly<Record<string, string>>;
  /** Bitbucket answered, and not the agent itself. */
  readonly timed: boolean;
  calls: number;
}

/**
 * Counts calls. No label is made of what a caller sends: rules are those of the accept list, all others sets of fixed
 * words. Counts are kept in plain numbers and handed to the registry when they are fetched, so that a call costs little.
 */
export class CallMetrics {
  readonly listener: CallListener;
  /** Ids of the rules that the agent answers itself. */
  localRules: ReadonlySet<string> = new Set();
  readonly #roads: Readonly<Record<Road, RoadCounts>>;
  readonly #webhooks = { accepted: 0, refused: 0, failed: 0 };

  constructor(registry: Registry, readings: Readings) {
    const firstByte = histogram(
      registry,
      'bitbucket_first_byte_seconds',
      'Time until Bitbucket began to answer a relayed call.',
    );
    const answer = histogram(
      registry,
      'answer_send_seconds',
      'Time from the first byte of an answer until the caller had all of it.',
    );
    const road = (name: Road): RoadCounts => ({
      bytes: 0,
      byRule: new Map(),
      failures: new KindCounts(FROM_ZERO[name].failures),
      refusals: new KindCounts(FROM_ZERO[name].refusals),
      firstByte: (seconds) => firstByte.observe({ road: name }, seconds),
      answer: (seconds) => answer.observe({ road: name }, seconds),
    });
    this.#roads = {
      tunnel: road('tunnel'),
      'http-relay': road('http-relay'),
      inventory: road('inventory'),
      webhook: road('webhook'),
      delivery: road('delivery'),
    };
    this.listener = (name, record) => this.#hear(name, this.#roads[name], record);
    this.#declare(readings);
  }

  #hear(name: Road, road: RoadCounts, record: CallRecord): void {
    const { firstByteMs, answerMs } = record;
    const tally = this.#tally(name, road, record);
    tally.calls += 1;
    road.bytes += record.bytes;
    if (tally.timed && firstByteMs !== undefined) road.firstByte(firstByteMs / 1000);
    if (tally.timed && answerMs !== undefined) road.answer(answerMs / 1000);
    const failure = failureOf(name, record);
    if (!record.allowed) road.refusals.add(record.reason);
    else if (failure !== undefined) road.failures.add(failure);
    if (name === 'webhook') this.#webhooks[webhookOutcome(record)] += 1;
  }

  #tally(name: Road, road: RoadCounts, { ruleId, allowed, status }: CallRecord): Tally {
    let tallies = road.byRule.get(ruleId);
    if (tallies === undefined) {
      tallies = [];
      road.byRule.set(ruleId, tallies);
    }
    const place = classOf(status) * 2 + (allowed ? 1 : 0);
    const known = tallies[place];
    if (known !== undefined) return known;
    const tally: Tally = {
      labels: {
        road: name,
        rule: ruleId ?? 'none',
        verdict: allowed ? 'allowed' : 'refused',
        status: CLASSES[classOf(status)] ?? 'other',
      },
      timed: ruleId !== null && !this.localRules.has(ruleId),
      calls: 0,
    };
    tallies[place] = tally;
    return tally;
  }

  #declare(readings: Readings): void {
    const roads = Object.entries(this.#roads);
    const byKind = (label: string, of: 'failures' | 'refusals') => (): Sample[] =>
      roads.flatMap(([road, counts]) =>
        Array.from(counts[of], ([kind, count]): Sample => [{ road, [label]: kind }, count]),
      );
    readings.counter(
      'calls_total',
      'Calls that are over.',
      ['road', 'rule', 'verdict', 'status'],
      (): Sample[] =>
        roads
          .flatMap(([, { byRule }]) => [...byRule.values()].flat())
          .flatMap((tally) => (tally === undefined ? [] : [[tally.labels, tally.calls]])),
    );
    readings.counter('call_bytes_total', 'Body bytes handed on.', ['road'], () =>
      roads.map(([road, { bytes }]) => [{ road }, bytes]),
    );
    readings.counter(
      'call_refusals_total',
      'Calls that were refused here, by the reason.',
      ['road', 'reason'],
      byKind('reason', 'refusals'),
    );
    readings.counter(
      'call_failures_total',
      'Allowed calls that failed, by error code.',
      ['road', 'code'],
      byKind('code', 'failures'),
    );
    readings.counter('webhooks_total', 'Webhooks from Bitbucket.', ['outcome'], () =>
      WEBHOOK_OUTCOMES.map((outcome) => [{ outcome }, this.#webhooks[outcome]]),
    );
  }
}

/** The code where the far end's answer did not reach the caller; else Snyk's label for an error status of Bitbucket. */
function failureOf(road: Road, { code, status }: CallRecord): string | undefined {
  if (code !== undefined || road === 'webhook' || road === 'delivery') return code;
  return errorTypeOf(status);
}

function webhookOutcome({ allowed, code, status }: CallRecord): (typeof WEBHOOK_OUTCOMES)[number] {
  if (!allowed) return 'refused';
  return code === undefined && status < 400 ? 'accepted' : 'failed';
}

/** An index of `CLASSES`. */
function classOf(status: number): number {
  if (status === 0) return 0;
  return status >= 100 && status < 600 ? Math.floor(status / 100) : CLASSES.length - 1;
}

const histogram = (registry: Registry, name: string, help: string): Histogram =>
  new Histogram({
    name: PREFIX + name,
    help,
    labelNames: ['road'],
    buckets: BUCKETS,
    registers: [registry],
  });
