import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AgentProcess, LogLine } from '../../sandbox/agent-process.ts';
import { until } from '../../sandbox/deadline.ts';
import { type CommandStage, startCommandStage, stateFilesIn, type Workbench } from './command.ts';
import { heldBy, truthOf } from './inventory-truth.ts';

const PAGE = '/rest/api/1.0/admin/users';
const WAIT_MS = 15_000;
const OFTEN = { SYNC_REPOSITORIES_EVERY: '1s', SYNC_ENRICHMENT_EVERY: '2s', SYNC_USERS_EVERY: '2s' };

let desk: CommandStage;
let bench: Workbench;
let agents: AgentProcess[] = [];
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(() => desk?.close());
beforeEach(() => {
  bench = desk.fresh();
});
afterEach(async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  agents = [];
});

async function running(env: Readonly<Record<string, string>> = OFTEN): Promise<AgentProcess> {
  const agent = await desk.stage.startAgent({ INVENTORY_ENABLED: 'true', STATE_DIR: bench.stateDir, ...env });
  agents.push(agent);
  return agent;
}

const says = (agent: AgentProcess, text: string) => agent.log.filter(({ message }) => message === text);

/** The lines of this many complete runs. */
function complete(agent: AgentProcess, count: number): Promise<LogLine[]> {
  return until(
    () => {
      const lines = says(agent, 'inventory run complete');
      return lines.length >= count ? lines : undefined;
    },
    { timeoutMs: WAIT_MS, what: `${count} complete runs`, detail: () => agent.output().slice(-4096) },
  );
}

async function expectRelayed(over: 'socket' | 'stream' = 'stream'): Promise<void> {
  const { status, body } = await desk.stage.call('/projects/PLAT', { over });
  expect({ status, key: JSON.parse(String(body)).key }).toEqual({ status: 200, key: 'PLAT' });
}

function expectAll(enriched = true): void {
  const { url, world } = desk.stage.bitbucket;
  expect(heldBy(bench.receiver)).toEqual(truthOf({ url, world, enriched }));
  expect(bench.receiver.problems).toEqual([]);
}

describe('run with an inventory to keep', () => {
  it('runs by itself: everything at first and then its enrichment, then each part in its own rhythm, one run at a time', async () => {
    const agent = await running({ ...OFTEN, SYNC_USERS_EVERY: '7d', SYNC_ENRICHMENT_EVERY: '24h' });
    const [first, second, ...later] = await complete(agent, 4);
    expect(first).toMatchObject({
      parts: ['users', 'repositories'],
      kind: 'snapshot',
      state: 'complete',
      users: 28,
      repositories: 33,
      sent: 61,
    });
    expect(second).toMatchObject({ parts: ['repositories', 'enrichment'], kind: 'delta', sent: 33 });
    for (const line of later) expect(line).toMatchObject({ parts: ['repositories'], kind: 'delta', sent: 0 });
    expectAll();
    const steps = agent.log
      .map(({ message }) => message)
      .filter((text) => /^inventory run/.test(String(text)));
    steps.forEach((step, index) => {
      expect(step).toBe(index % 2 === 0 ? 'inventory run starts' : 'inventory run complete');
    });
    expect(await agent.terminate()).toEqual({ code: 0, signal: null });
    expect(says(agent, 'defect')).toEqual([]);
  });

  it('after a restart catches up with what fell due, and with nothing else', async () => {
    const rare = { SYNC_REPOSITORIES_EVERY: '1h', SYNC_ENRICHMENT_EVERY: '24h', SYNC_USERS_EVERY: '7d' };
    const first = await running(rare);
    await complete(first, 2);
    await first.terminate('SIGKILL');
    const second = await running({ ...rare, SYNC_REPOSITORIES_EVERY: '1s' });
    const [caughtUp] = await complete(second, 1);
    expect(says(second, 'inventory run starts')[0]).toMatchObject({ parts: ['repositories'] });
    expect(caughtUp).toMatchObject({ kind: 'delta', sent: 0 });
    expect(await second.terminate()).toEqual({ code: 0, signal: null });
  });

  it('goes on relaying while a run waits for Bitbucket; SIGTERM stops that run and drains; the next start runs', async () => {
    const fault = desk.stage.bitbucket.faults.add({ match: PAGE, kind: 'hang' });
    const agent = await running();
    await desk.stage.bitbucket.arrival(({ url }) => url.startsWith(PAGE));
    for (const over of ['socket', 'stream'] as const) await expectRelayed(over);
    expect(says(agent, 'inventory run complete')).toEqual([]);
    expect(await agent.terminate()).toEqual({ code: 0, signal: null });
    expect(says(agent, 'inventory run failed')).toMatchObject([{ level: 'info', code: 'RUN_INTERRUPTED' }]);
    expect(says(agent, 'stopped')).toHaveLength(1);
    expect(bench.received()).toEqual([]);
    fault.remove();
    const next = await running();
    expect((await complete(next, 2))[0]).toMatchObject({ kind: 'snapshot', state: 'complete' });
    expectAll();
    expect((await next.terminate()).code).toBe(0);
  });

  it('SIGTERM in mid-delivery: drains, and the next start sends the same bytes first', async () => {
    desk.stage.receiver.respond(() => ({ status: 503, headers: { 'retry-after': '60' } }));
    const agent = await running();
    await agent.waitForLog(({ message }) => message === 'batch is tried again', WAIT_MS);
    await expectRelayed();
    expect(await agent.terminate()).toEqual({ code: 0, signal: null });
    const [refused, ...more] = bench.received();
    expect(more).toEqual([]);
    desk.stage.receiver.respond(bench.receiver.respond);
    const next = await running();
    await complete(next, 2);
    const [, again] = bench.received();
    expect(again?.headers['idempotency-key']).toBe(refused?.headers['idempotency-key']);
    expect(again?.body.equals(refused?.body ?? Buffer.alloc(0))).toBe(true);
    expectAll();
    expect((await next.terminate()).code).toBe(0);
  });

  it('a run that fails stops nothing: it is told, and calls are relayed', async () => {
    desk.stage.bitbucket.faults.add({ match: PAGE, kind: 'login-page' });
    const agent = await running();
    const isIt = ({ message }: LogLine) => message === 'inventory run failed';
    expect(await agent.waitForLog(isIt, WAIT_MS)).toMatchObject({ level: 'error', code: 'PAGE_NOT_JSON' });
    await expectRelayed();
    expect((await agent.terminate()).code).toBe(0);
  });
});

describe('another process at work in STATE_DIR', () => {
  it('is told, with its name; calls are relayed; once it is gone the next start runs', async () => {
    const fault = desk.stage.bitbucket.faults.add({ match: PAGE, kind: 'hang' });
    const holder = await bench.begin(['sync', '--once']);
    await desk.stage.bitbucket.arrival(({ url }) => url.startsWith(PAGE));
    const agent = await running();
    const told = ({ message }: LogLine) => message === 'inventory run did not start';
    expect(await agent.waitForLog(told, WAIT_MS)).toMatchObject({
      level: 'warn',
      code: 'STATE_LOCKED',
      reason: expect.stringContaining(`process ${holder.pid} `),
    });
    await expectRelayed();
    await holder.terminate('SIGKILL');
    fault.remove();
    expect((await agent.terminate()).code).toBe(0);
    expect(says(agent, 'inventory run did not start')).toHaveLength(1);
    const next = await running();
    await complete(next, 2);
    expectAll();
    expect((await next.terminate()).code).toBe(0);
  });
});

describe('whether there is an inventory to keep', () => {
  it('without PROFILE_NAME `run` only relays, and keeps nothing but its audit trail', async () => {
    const stateDir = join(bench.stateDir, 'not-made');
    const env = { PROFILE_NAME: undefined, INVENTORY_ENABLED: undefined, STATE_DIR: stateDir };
    const agent = await bench.begin(['run'], { ...env, LOG_LEVEL: 'info' });
    agents.push(agent);
    await agent.ready();
    await desk.stage.broker.waitForClient(desk.stage.token, { timeoutMs: WAIT_MS });
    await expectRelayed();
    expect((await agent.terminate()).code).toBe(0);
    expect(stateFilesIn(stateDir)).toEqual({});
    expect(says(agent, 'inventory run starts')).toEqual([]);
  });

  it('INVENTORY_ENABLED=true without PROFILE_NAME is told, exit code 2', async () => {
    const env = { PROFILE_NAME: undefined, INVENTORY_ENABLED: 'true' };
    const { code, output } = await bench.ended(['run'], env);
    expect({ code, output }).toEqual({ code: 2, output: expect.stringMatching(/PROFILE_NAME: is not set/) });
  });

  it.each([
    'a file in its way',
    'a file above it',
  ])('a STATE_DIR that cannot be used stops the start with a clear message: %s', async (what) => {
    const file = join(bench.stateDir, 'file');
    writeFileSync(file, '');
    const stateDir = what === 'a file above it' ? join(file, 'state') : file;
    const { code, output } = await bench.ended(['run'], { INVENTORY_ENABLED: 'true', STATE_DIR: stateDir });
    expect(code).toBe(2);
    expect(output).toContain(`STATE_DIR: The state folder ${stateDir} cannot be used`);
    expect(output).toMatch(
      /Set STATE_DIR to a folder on a local volume that this user \(\d+:\d+\) may write in/,
    );
    expect(output).not.toMatch(/^\s+at /m);
    expect(output.trim().split('\n')).toHaveLength(3);
  });
});
