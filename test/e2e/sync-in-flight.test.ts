import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentProcess } from '../../sandbox/agent-process.ts';
import { type CommandStage, gate, startCommandStage, told, type Workbench } from './command.ts';
import { heldBy, truthOf } from './inventory-truth.ts';
import { listeningPorts } from './listening-ports.ts';

const PAGE = '/rest/api/1.0/admin/users';
const WAIT_MS = 10_000;

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(() => desk?.close());

/** A command that reads a page which does not come as long as the fault is there. */
async function stuck(bench: Workbench, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const fault = desk.stage.bitbucket.faults.add({ match: PAGE, kind: 'hang' });
  const agent = await bench.begin(args, env);
  await desk.stage.bitbucket.arrival(({ url }) => url.startsWith(PAGE));
  return { agent, fault };
}

async function expectComplete(bench: Workbench): Promise<void> {
  expect((await bench.sync()).code).toBe(0);
  expect(heldBy(bench.receiver)).toEqual(truthOf(desk.stage.bitbucket));
  expect(bench.receiver.problems).toEqual([]);
}

describe('a second process while a sync is running', () => {
  it('is told who holds the state folder, exit code 3; kill -9 of the holder frees it', async () => {
    const bench = desk.fresh();
    const { agent, fault } = await stuck(bench, ['sync', '--once']);
    const { code, output } = await bench.sync();
    expect(code).toBe(3);
    expect(output).toMatch(new RegExp(`in use by process ${agent.pid} on \\S+ since \\S+: sync --once`));
    expect(output).not.toMatch(/^\s+at /m);
    expect(fault.hits).toBe(1);
    const preview = await bench.ended(['preview', 'repositories', '--limit', '1', '--format', 'json']);
    expect(preview.code).toBe(0);
    expect(JSON.parse(preview.output)).toHaveLength(1);
    await agent.terminate('SIGKILL');
    fault.remove();
    await expectComplete(bench);
  });
});

describe('SIGTERM', () => {
  it('while pages are read: exit code 3, nothing sent; a later run is complete', async () => {
    const bench = desk.fresh();
    const { agent, fault } = await stuck(bench, ['sync', '--once']);
    expect(await agent.terminate()).toEqual({ code: 3, signal: null });
    expect(told(agent.output(), 'outcome')).toBe('FAILED, nothing was deleted');
    expect(agent.output()).toMatch(/stopped before its end/);
    expect(bench.received()).toEqual([]);
    fault.remove();
    await expectComplete(bench);
  });

  it('while a batch is under way: exit code 3, and the later run sends the same bytes first', async () => {
    const bench = desk.fresh();
    const held = gate();
    desk.stage.receiver.respond(async (request) => {
      await held.passed;
      return bench.receiver.respond(request);
    });
    const agent = await bench.begin(['sync', '--once']);
    await desk.stage.receiver.waitFor((request) => bench.received().includes(request), WAIT_MS);
    const ended = agent.terminate();
    await agent.waitForLog(({ message }) => /^outcome /.test(String(message)), WAIT_MS);
    held.open();
    expect(await ended).toEqual({ code: 3, signal: null });
    expect(told(agent.output(), 'outcome')).toMatch(/NOT delivered yet; the outbox is kept/);
    expect(bench.received()).toHaveLength(1);
    await expectComplete(bench);
    const [first, again] = bench.received();
    expect(again?.headers['idempotency-key']).toBe(first?.headers['idempotency-key']);
    expect(again?.body.equals(first?.body ?? Buffer.alloc(0))).toBe(true);
    expect(bench.receiver.duplicates).toBe(1);
  });

  it('sent twice ends at once', async () => {
    const bench = desk.fresh();
    desk.stage.receiver.respond(() => new Promise(() => {}));
    const agent = await bench.begin(['sync', '--once']);
    await desk.stage.receiver.waitFor((request) => bench.received().includes(request), WAIT_MS);
    void agent.terminate();
    await agent.waitForLog(({ message }) => /^outcome /.test(String(message)), WAIT_MS);
    expect(await agent.terminate()).toEqual({ code: 3, signal: null });
  });
});

describe('calls that come through the broker server', () => {
  /** Asks over both paths; the log of `by` must have both calls, and nobody else's. */
  async function expectAnswered(by: AgentProcess, other?: AgentProcess): Promise<void> {
    for (const over of ['socket', 'stream'] as const) {
      const { status, body, requestId } = await desk.stage.call('/projects/PLAT', { over });
      expect({ over, status, key: JSON.parse(String(body)).key }).toEqual({ over, status: 200, key: 'PLAT' });
      const isIt = (line: Readonly<Record<string, unknown>>) => line.requestId === requestId;
      expect(await by.waitForLog(isIt, WAIT_MS)).toMatchObject({ message: 'relayed', status: 200 });
      expect(other?.log.find(isIt)).toBeUndefined();
    }
  }

  it('are answered by the sync while it runs', async () => {
    const bench = desk.fresh();
    const { agent } = await stuck(bench, ['sync', '--once'], { LOG_LEVEL: 'info' });
    await desk.stage.broker.waitForClient(desk.stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
    await expectAnswered(agent);
    expect(await agent.terminate()).toEqual({ code: 3, signal: null });
  });

  it('are answered by the sync while `run` is up with the same token, and by `run` after it', async () => {
    const bench = desk.fresh();
    const running = await desk.stage.startAgent();
    await desk.stage.broker.waitForClient(desk.stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
    await expectAnswered(running);
    const { agent, fault } = await stuck(bench, ['sync', '--once'], { LOG_LEVEL: 'info' });
    await desk.stage.broker.waitForClient(desk.stage.token, { timeoutMs: WAIT_MS, sockets: 4 });
    await expectAnswered(agent, running);
    expect(await agent.terminate()).toEqual({ code: 3, signal: null });
    await expectAnswered(running);
    fault.remove();
    await expectComplete(bench);
    await expectAnswered(running);
    expect(await running.terminate()).toEqual({ code: 0, signal: null });
  });
});

describe('open ports', () => {
  it("run has its public port and the operators'", async () => {
    desk.fresh();
    const running = await desk.stage.startAgent();
    const { PORT, ADMIN_PORT } = desk.stage.agentEnv;
    expect(listeningPorts(running.pid).sort()).toEqual([PORT, ADMIN_PORT].map(Number).sort());
    expect(await running.terminate()).toEqual({ code: 0, signal: null });
  });

  it.each([
    [['sync', '--once']],
    [['sync', '--dry-run', '--out', 'would-leave']],
    [['preview', 'users']],
  ])('%j has none', async (args) => {
    const { agent } = await stuck(desk.fresh(), args);
    expect(listeningPorts(agent.pid)).toEqual([]);
    expect((await agent.terminate()).code).toBe(3);
  });
});
