import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { openGate } from '../../src/agent/gate.ts';
import { Metrics } from '../../src/agent/metrics.ts';
import { openInventoryDesk } from '../../src/agent.ts';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openListener } from '../../src/http/listener.ts';
import { metricsRoutes } from '../../src/http/metrics.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { silentLog } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { Relay } from '../../src/relay/relay.ts';
import { Tunnel } from '../../src/tunnel/tunnel.ts';
import { seriesOf, valuesOf } from '../kit/series.ts';

let stage: Stage;
let url: string;
let inventory: Inventory;
const closing: (() => unknown)[] = [];

beforeAll(async () => {
  stage = await startStage({ withAgent: false, agentEnv: { ESSENTIALS_DELIVERY: 'off' } });
  closing.push(() => stage.close());
  const config = loadConfig({ env: stage.agentEnv, cwd: stateFolder() });
  const gate = openGate(config, silentLog);
  const network = createNetwork(config.network);
  closing.push(() => network.close());
  const metrics = new Metrics();
  const relay = new Relay({
    rules: gate.rules,
    loginOf: gate.loginOf,
    send: withAuthorization(createExchange(network, config.bitbucket.timeouts)),
    substitution: null,
    record: (call) => metrics.listener('tunnel', call),
  });
  const tunnel = new Tunnel({
    serverUrl: config.broker.serverUrl,
    token: config.broker.token.reveal(),
    filters: gate.rules.filters,
    agentVersion: '1.2.3',
    highAvailability: null,
    network,
    log: silentLog,
    serve: (call, answer) => relay.serve(call, answer),
  });
  closing.push(() => tunnel.drain('test', 1_000));
  const desk = openInventoryDesk(config, silentLog, { deliver: false, command: 'sync' });
  closing.push(() => desk.drain('test'));
  inventory = desk.inventory;
  metrics.watch({ rules: gate.rules, tunnel, inventory, everyMs: config.inventory.everyMs });
  const routes = [metricsRoutes(metrics.registry)];
  const port = { port: 0, name: 'ADMIN_PORT', host: '127.0.0.1', tls: null };
  const listener = await openListener({ ...port, routes, log: silentLog });
  closing.push(() => listener.close());
  url = `http://127.0.0.1:${listener.port}/metrics`;
  await tunnel.start();
  await stage.broker.waitForClient(stage.token, { timeoutMs: 15_000, sockets: 2 });
});
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const stateFolder = () => stage.agentEnv.STATE_DIR ?? '';

async function fetched() {
  const { body } = await request(url);
  return seriesOf(await body.text());
}

/** The server answers the caller before the agent has counted the call. */
async function soon(reached: (series: Awaited<ReturnType<typeof fetched>>) => boolean) {
  for (;;) {
    const series = await fetched();
    if (reached(series)) return series;
  }
}

describe('GET /metrics', () => {
  it('tells both sockets, and calls by rule, verdict and status', async () => {
    expect((await stage.call('/projects', { over: 'socket' })).status).toBe(200);
    expect((await stage.call('/projects', { over: 'stream' })).status).toBe(200);
    expect((await stage.call('/projects/..;/admin/users', { over: 'socket' })).status).toBe(401);
    const calls = (...labels: string[]) => ['calls_total{road="tunnel"', ...labels];
    const series = await soon(
      (seen) =>
        valuesOf(seen, ...calls('rule="projects"'))[0] === 2 && valuesOf(seen, ...calls('refused'))[0] === 1,
    );
    expect(valuesOf(series, ...calls('rule="projects"', 'verdict="allowed"', 'status="2xx"'))).toEqual([2]);
    expect(valuesOf(series, ...calls('rule="none"', 'verdict="refused"', 'status="4xx"'))).toEqual([1]);
    expect(valuesOf(series, 'call_refusals_total{road="tunnel"', 'reason="path-parameter"')).toEqual([1]);
    expect(series.get('bitbucket_agent_bitbucket_first_byte_seconds_count{road="tunnel"}')).toBe(2);
    expect(series.get('bitbucket_agent_answer_send_seconds_count{road="tunnel"}')).toBe(2);
    expect(valuesOf(series, 'tunnel_open{')).toEqual([1, 1]);
    expect(series.get('bitbucket_agent_calls_in_flight')).toBe(0);
    expect(series.get('bitbucket_agent_call_bytes_total{road="tunnel"}')).toBeGreaterThan(100);
  });

  it('tells what a login that Bitbucket does not take comes to', async () => {
    const { faults } = stage.bitbucket;
    faults.add({ kind: 'status', status: 401, match: '/rest/api/1.0/projects/PLAT', times: 1 });
    expect((await stage.call('/projects/PLAT', { over: 'socket' })).status).toBe(401);
    const series = await soon(
      (seen) => valuesOf(seen, 'failures_total{', 'DOWNSTREAM_UNAUTHORIZED').length > 0,
    );
    expect(valuesOf(series, 'failures_total{', 'road="tunnel"', 'DOWNSTREAM_UNAUTHORIZED')).toEqual([1]);
    expect(valuesOf(series, 'calls_total{', 'rule="project"', 'verdict="allowed"', '4xx')).toEqual([1]);
  });

  it('tells a run of the inventory, what it saw and when it began', async () => {
    const before = await fetched();
    expect(before.get('bitbucket_agent_inventory_ledger_readable')).toBe(0);
    expect(before.get('bitbucket_agent_inventory_last_complete_timestamp_seconds{part="users"}')).toBe(0);
    const begun = Date.now() / 1000;
    const scope = { users: true, repositories: true, enrichment: false };
    const outcome = await inventory.run({ scope, full: false, signal: new AbortController().signal }, 'test');
    expect(outcome.run.state).toBe('complete');
    const series = await fetched();
    expect(series.get('bitbucket_agent_inventory_ledger_readable')).toBe(1);
    expect(valuesOf(series, 'inventory_runs_total{').filter((count) => count > 0)).toEqual([1]);
    expect(valuesOf(series, 'inventory_runs_total{kind="delta",state="complete"}')).toEqual([1]);
    expect(valuesOf(series, 'inventory_entities_seen{type="users"}')).toEqual([outcome.run.seen?.users]);
    expect(valuesOf(series, 'inventory_last_run_entities{what="added"}')[0]).toBeGreaterThan(10);
    const last = valuesOf(series, 'last_complete_timestamp_seconds{');
    expect(last.map((at) => at >= Math.floor(begun))).toEqual([true, false, true]);
    expect(valuesOf(series, 'inventory_interval_seconds{part="repositories"}')).toEqual([6 * 3600]);
    expect(series.get('bitbucket_agent_inventory_parked_batches')).toBe(0);
  });

  it('is answered when the ledger is broken, and says so', async () => {
    for (const tail of ['-wal', '-shm']) rmSync(join(stateFolder(), `ledger.db${tail}`), { force: true });
    writeFileSync(join(stateFolder(), 'ledger.db'), 'garbage '.repeat(2_000));
    const series = await fetched();
    expect(series.get('bitbucket_agent_inventory_ledger_readable')).toBe(0);
    expect(valuesOf(series, 'inventory_runs_total{').filter((count) => count > 0)).toEqual([1]);
    expect(valuesOf(series, 'tunnel_open{')).toEqual([1, 1]);
  });

  it('holds no secret, no path and no address', async () => {
    const { body } = await request(url);
    const text = await body.text();
    for (const hidden of [stage.token, 'agent-password', '/projects', 'PLAT', stage.bitbucket.host]) {
      expect(text).not.toContain(hidden);
    }
  });
});
