import { afterEach, describe, expect, it } from '@jest/globals';
import type { Metrics } from '../../src/agent/metrics.ts';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import type { Answer, AnswerOutcome, CallRecord, Road } from '../../src/call.ts';
import { Relay } from '../../src/relay/relay.ts';
import { loadRules } from '../../src/rules/compile.ts';
import { Oddities } from '../../src/tunnel/oddities.ts';
import { startServer } from '../kit/http-server.ts';
import { metricsOf } from '../kit/metrics.ts';
import { seriesOf, valuesOf } from '../kit/series.ts';
import { recordingLog } from '../kit/tunnel-pair.ts';
import { atTheEnd, endAll, network } from '../kit/way-out.ts';

afterEach(endAll);

const RULES = {
  private: [
    { id: 'any-path', path: '/open/*', origin: 'http://${BITBUCKET_API}' },
    { id: 'own', path: '/essentials/v1/users', origin: 'agent:' },
  ],
};

function rulesFor(host: string) {
  const { rules } = loadRules(JSON.stringify(RULES), 'accept.json', {
    variable: (name) => ({ BITBUCKET_API: host })[name],
    bitbucket: { scheme: 'http', host },
    allowWrites: false,
  });
  if (rules === null) throw new Error('the list of this test is broken');
  return rules;
}

/** Takes an answer and lets it go. */
function sinkAnswer(over: () => void): Answer {
  let closed = (_outcome: AnswerOutcome) => {};
  let outcome: AnswerOutcome = { status: 0, bytes: 0 };
  const finish = (last: AnswerOutcome) => {
    closed(last);
    over();
  };
  return {
    wants: 'bytes',
    begin: ({ status }) => {
      outcome = { ...outcome, status };
    },
    write: (chunk) => {
      outcome = { ...outcome, bytes: outcome.bytes + chunk.length };
      return true;
    },
    end: () => finish(outcome),
    // As the tunnel's answers do it: never before the relay has begun to listen.
    fail: ({ status }, _body, code) => queueMicrotask(() => finish({ status, bytes: 0, code })),
    listen: (listeners) => {
      closed = listeners.closed;
    },
  };
}

const ODD_URLS = [
  '/open/..;/',
  '/open/%2e%2e/',
  '/open/%25',
  '/nowhere/',
  '/open//',
  '/open/%zz',
  '/open/\\',
];

/** No two are alike: path, query, request id; every third has a method of its own, every fourth a URL to be refused. */
function oddCall(index: number) {
  const base = index % 4 === 0 ? (ODD_URLS[(index / 4) % ODD_URLS.length] ?? '') : '/open/';
  return {
    requestId: `canary-id-${index}`,
    method: index % 3 === 0 ? `X${index}` : 'GET',
    url: `${base}canary-path-${index}?status=${200 + (index % 800)}&canary-query-${index}`,
    headers: { 'x-canary': `canary-header-${index}` },
    body: null,
  };
}

async function relayAll(relay: Relay, from: number, to: number): Promise<void> {
  for (let next = from; next < to; next += 100) {
    const calls = Array.from({ length: Math.min(100, to - next) }, (_, index) => oddCall(next + index));
    await Promise.all(
      calls.map((call) => new Promise<void>((resolve) => relay.serve(call, sinkAnswer(resolve)))),
    );
  }
}

const fetched = async (metrics: Metrics) => seriesOf(await metrics.registry.metrics());
const ownNames = (series: ReadonlyMap<string, number>) =>
  [...series.keys()].filter((name) => name.startsWith('bitbucket_agent_')).sort();

const record = (changed: Partial<CallRecord> = {}): CallRecord => ({
  requestId: 'r',
  method: 'GET',
  path: '/p',
  allowed: true,
  ruleId: 'any-path',
  reason: 'allowed',
  status: 200,
  bytes: 10,
  ms: 5,
  ...changed,
});

/** What these calls make of one counter, series that others made left out. */
async function counted(name: string, ...calls: readonly [Road, Partial<CallRecord>?][]) {
  const metrics = metricsOf({ rules: rulesFor('bitbucket.example') });
  for (const [road, changed] of calls) metrics.listener(road, record(changed));
  const series = [...(await fetched(metrics))];
  const own = series.filter(([key, value]) => key.startsWith(`bitbucket_agent_${name}`) && value > 0);
  return Object.fromEntries(own.map(([key, value]) => [key.slice(`bitbucket_agent_${name}`.length), value]));
}

describe('the series', () => {
  it('stay the same over 10,000 calls with paths, methods, statuses, headers and ids of their own', async () => {
    const bitbucket = await startServer((request, response) => {
      const status = Number(new URL(request.url ?? '', 'http://host').searchParams.get('status'));
      response.writeHead(status).end(status === 204 || status === 304 ? undefined : 'body');
    });
    atTheEnd(() => bitbucket.close());
    const rules = rulesFor(bitbucket.origin.slice('http://'.length));
    const metrics = metricsOf({ rules });
    const limits = { connectMs: 10_000, firstByteMs: 10_000, idleMs: 10_000 };
    const relay = new Relay({
      rules,
      send: withAuthorization(createExchange(network(), limits)),
      loginOf: () => null,
      substitution: null,
      record: (call) => metrics.listener('tunnel', call),
    });

    await relayAll(relay, 0, 2_000);
    const before = await fetched(metrics);
    await relayAll(relay, 2_000, 12_000);
    const after = await fetched(metrics);

    expect(ownNames(after)).toEqual(ownNames(before));
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
    expect(sum(valuesOf(after, 'calls_total{'))).toBe(12_000);
    expect(valuesOf(after, 'calls_total{', 'rule="any-path"', 'status="other"')[0]).toBeGreaterThan(1_000);
    expect(valuesOf(after, 'refusals_total{', 'reason="path-parameter"')[0]).toBeGreaterThan(100);
    expect(await metrics.registry.metrics()).not.toContain('canary');
  }, 60_000);

  it('stay bounded when codes and reasons do not', async () => {
    const metrics = metricsOf();
    for (let index = 0; index < 1_000; index += 1) {
      metrics.listener('tunnel', record({ code: `CODE_${index}` }));
      metrics.listener('tunnel', record({ allowed: false, ruleId: null, reason: `reason-${index}` }));
    }
    const series = await fetched(metrics);
    expect(valuesOf(series, 'call_failures_total{road="tunnel"')).toHaveLength(101);
    expect(valuesOf(series, 'call_failures_total{', 'code="other"')).toEqual([902]);
    expect(valuesOf(series, 'call_refusals_total{road="tunnel"')).toHaveLength(101);
  });

  it('stay bounded when kinds of oddities do not', () => {
    const log = recordingLog();
    const oddities = new Oddities(log, 'odd');
    for (let index = 0; index < 200; index += 1) oddities.note(`kind ${index}`);
    expect(oddities.counts().size).toBe(51);
    expect(oddities.counts().get('other')).toBe(150);
    expect(log.lines).toHaveLength(51);
  });
});

describe('calls', () => {
  it('are counted by road, rule, verdict and status class', async () => {
    const calls = await counted(
      'calls_total',
      ['tunnel'],
      ['tunnel', { status: 299 }],
      ['http-relay', { status: 503 }],
      ['inventory', { status: 0, code: 'DOWNSTREAM_TIMEOUT' }],
      ['webhook', { allowed: false, ruleId: null, reason: 'no-rule', status: 401 }],
    );
    expect(calls).toEqual({
      '{road="tunnel",rule="any-path",verdict="allowed",status="2xx"}': 2,
      '{road="http-relay",rule="any-path",verdict="allowed",status="5xx"}': 1,
      '{road="inventory",rule="any-path",verdict="allowed",status="none"}': 1,
      '{road="webhook",rule="none",verdict="refused",status="4xx"}': 1,
    });
  });

  it.each([
    [{ code: 'ANSWER_LOST' }, 'ANSWER_LOST'],
    [{ status: 401 }, 'DOWNSTREAM_UNAUTHORIZED'],
    [{ status: 403 }, 'DOWNSTREAM_FORBIDDEN'],
    [{ status: 429 }, 'DOWNSTREAM_RATE_LIMITED'],
    [{ status: 500 }, 'DOWNSTREAM_SERVER_ERROR'],
  ])('with %j count as failures', async (changed, code) => {
    const failures = await counted('call_failures_total', ['tunnel', changed], ['inventory', changed]);
    expect(failures).toEqual({
      [`{road="tunnel",code="${code}"}`]: 1,
      [`{road="inventory",code="${code}"}`]: 1,
    });
  });

  it('that were refused, that Bitbucket does not know, and what Snyk answers are no failures', async () => {
    const refused = { allowed: false, ruleId: null, reason: 'no-rule', status: 401, code: 'FILTER_BLOCKED' };
    const failures = await counted(
      'call_failures_total',
      ['tunnel', refused],
      ['tunnel', { status: 404 }],
      ['delivery', { status: 500 }],
    );
    expect(failures).toEqual({});
    expect(await counted('call_refusals_total', ['tunnel', refused])).toEqual({
      '{road="tunnel",reason="no-rule"}': 1,
    });
  });

  it('are timed in seconds, but for what the agent answers itself', async () => {
    const times = { firstByteMs: 1_500, answerMs: 250 };
    const own = { ...times, ruleId: 'own' };
    expect(await counted('bitbucket_first_byte_seconds', ['tunnel', times], ['tunnel', own])).toEqual({
      '_sum{road="tunnel"}': 1.5,
      '_count{road="tunnel"}': 1,
    });
    expect(await counted('answer_send_seconds', ['http-relay', times], ['tunnel', own])).toEqual({
      '_sum{road="http-relay"}': 0.25,
      '_count{road="http-relay"}': 1,
    });
  });

  it('of webhooks have an outcome', async () => {
    const outcomes = await counted(
      'webhooks_total',
      ['webhook'],
      ['webhook', { status: 500 }],
      ['webhook', { status: 503, code: 'TUNNEL_CLOSED' }],
      ['webhook', { allowed: false, status: 401 }],
      ['tunnel'],
    );
    expect(outcomes).toEqual({
      '{outcome="accepted"}': 1,
      '{outcome="failed"}': 2,
      '{outcome="refused"}': 1,
    });
    expect(await counted('call_bytes_total', ['webhook'], ['webhook'])).toEqual({ '{road="webhook"}': 20 });
  });
});

describe('the parts', () => {
  it('are asked anew each time the metrics are fetched', async () => {
    let paused = false;
    const metrics = metricsOf({ paused: () => paused });
    expect(valuesOf(await fetched(metrics), 'bitbucket_agent_paused')).toEqual([0]);
    paused = true;
    const series = await fetched(metrics);
    expect(valuesOf(series, 'bitbucket_agent_paused')).toEqual([1]);
    expect(series.get('bitbucket_agent_tunnel_open{role="secondary"}')).toBe(0);
    expect(series.get('bitbucket_agent_tunnel_reconnects_total{role="primary"}')).toBe(3);
    expect(series.get('bitbucket_agent_calls_in_flight')).toBe(4);
    expect(series.get('bitbucket_agent_tunnel_dropped_total{kind="illegal response header"}')).toBe(5);
    expect(series.get('bitbucket_agent_tunnel_oddities_total{kind="unknown event"}')).toBe(6);
    expect(series.get('bitbucket_agent_audit_records_total')).toBe(7);
    expect(series.get('bitbucket_agent_audit_failing')).toBe(1);
    expect(series.get('bitbucket_agent_audit_lost_total')).toBe(2);
  });
});
