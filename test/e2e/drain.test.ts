import { afterEach, describe, expect, it } from '@jest/globals';
import { type AgentProcess, startAgent } from '../../sandbox/agent-process.ts';
import type { Exit } from '../../sandbox/child.ts';
import { until } from '../../sandbox/deadline.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { type Stage, type StageOptions, startStage } from '../../sandbox/stage.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { ask, health } from './public-port.ts';
import { startTrickle } from './trickle.ts';

const FAST = '/projects/PLAT';
const SLOW = '/projects/PLAT/repos';
const WAIT_MS = 10_000;
/** Far below the 12 s that draining may take when something is in flight. */
const AT_ONCE_MS = 5_000;

afterEach(endAll);

async function stageOf(options: StageOptions = {}): Promise<Stage> {
  const stage = await startStage(options);
  atTheEnd(() => stage.close());
  if (options.withAgent !== false) {
    await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
  }
  return stage;
}

async function exitWithin(agent: AgentProcess, timeoutMs: number): Promise<Exit> {
  let exit: Exit | undefined;
  void agent.exited.then((seen) => {
    exit = seen;
  });
  return until(() => exit, {
    timeoutMs,
    what: 'the agent has ended',
    detail: () => agent.output().slice(-2048),
  });
}

const says = (agent: AgentProcess, text: string) => agent.log.filter(({ message }) => message === text);

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('with slow calls in flight on both paths: all are answered, then exit code 0', async () => {
    const stage = await stageOf();
    const fault = stage.bitbucket.faults.add({ match: `/rest/api/1.0${SLOW}`, kind: 'late', ms: 1_500 });
    const calls = [1, 2, 3].flatMap(() =>
      (['socket', 'stream'] as const).map((over) => stage.call(SLOW, { over })),
    );
    const all = Promise.all(calls);
    await until(() => (fault.hits === calls.length ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'all calls are at Bitbucket',
    });
    const ended = stage.agent.terminate(signal);
    await stage.agent.waitForLog(({ message }) => message === 'draining', WAIT_MS);
    expect(await health(stage.agentUrl)).toEqual({ livez: 200, readyz: 503, healthcheck: 200 });
    const answers = await all;
    expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 200));
    for (const { body } of answers) expect(JSON.parse(body.toString())).toHaveProperty('values');
    expect(await ended).toEqual({ code: 0, signal: null });
    expect(says(stage.agent, 'draining')).toMatchObject([{ signal }]);
    expect(says(stage.agent, 'stopped')).toMatchObject([{ signal }]);
    expect(says(stage.agent, 'relayed').filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('with nothing in flight: ends soon, exit code 0', async () => {
    const { agent } = await stageOf();
    void agent.terminate(signal);
    expect(await exitWithin(agent, AT_ONCE_MS)).toEqual({ code: 0, signal: null });
    expect(says(agent, 'stopped')).toHaveLength(1);
  });
});

describe('SIGTERM without a server to say goodbye to', () => {
  it('exits with 0 when the server has gone', async () => {
    const { agent, broker } = await stageOf();
    await broker.kill();
    await agent.waitForLog(({ message }) => message === 'tunnel down', WAIT_MS);
    void agent.terminate();
    expect(await exitWithin(agent, AT_ONCE_MS)).toEqual({ code: 0, signal: null });
  });

  it('exits with 0 when the server never was there', async () => {
    const stage = await stageOf({ withAgent: false });
    const env = { ...stage.agentEnv, BROKER_SERVER_URL: `http://127.0.0.1:${await freePort()}` };
    const agent = await startAgent({ env, cwd: stage.agentEnv.STATE_DIR ?? '' });
    atTheEnd(() => agent.close());
    await agent.waitForLog(({ message }) => message === 'tunnel down', WAIT_MS);
    void agent.terminate();
    expect(await exitWithin(agent, AT_ONCE_MS)).toEqual({ code: 0, signal: null });
  });

  it('exits with 0 when the server is frozen', async () => {
    const { agent, broker } = await stageOf();
    process.kill(broker.pid, 'SIGSTOP');
    void agent.terminate();
    expect(await exitWithin(agent, AT_ONCE_MS)).toEqual({ code: 0, signal: null });
  });
});

describe('SIGTERM and what else is going on', () => {
  it('waits for a webhook that is on its way', async () => {
    const stage = await stageOf();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    stage.receiver.respond(async () => {
      await held;
      return { status: 202, body: '{"taken":true}' };
    });
    const webhook = ask(`${stage.agentUrl}/webhook/bitbucket-server/late`, { method: 'POST', body: '{}' });
    await stage.receiver.waitFor(() => true, WAIT_MS);
    const ended = stage.agent.terminate();
    await stage.agent.waitForLog(({ message }) => message === 'draining', WAIT_MS);
    release();
    expect(await webhook).toMatchObject({ status: 202, text: '{"taken":true}' });
    expect(await ended).toEqual({ code: 0, signal: null });
  });

  it('sent twice ends at once, calls or not', async () => {
    const stage = await stageOf();
    stage.bitbucket.faults.add({ match: `/rest/api/1.0${SLOW}`, kind: 'hang' });
    const lost = stage.call(SLOW, { over: 'socket' }).then(
      ({ status }) => status,
      () => 'failed',
    );
    await stage.bitbucket.arrival(({ url }) => url.endsWith(SLOW));
    void stage.agent.terminate();
    await stage.agent.waitForLog(({ message }) => message === 'draining', WAIT_MS);
    void stage.agent.terminate();
    expect(await exitWithin(stage.agent, AT_ONCE_MS)).toEqual({ code: 1, signal: null });
    await stage.close();
    expect(await lost).not.toBe(200);
  });
});

describe('a rollout', () => {
  it('loses no call: a second agent with the same token takes over from the first', async () => {
    const stage = await stageOf();
    const first = stage.agent;
    stage.bitbucket.faults.add({ match: `/rest/api/1.0${SLOW}`, kind: 'late', ms: 300 });
    const trickle = startTrickle(stage, { paths: [FAST, SLOW], everyMs: 5, patienceMs: 20_000 });
    atTheEnd(() => trickle.stop());
    const relayedBy = (agent: AgentProcess, more: number) => {
      const from = says(agent, 'relayed').length;
      return until(() => (says(agent, 'relayed').length >= from + more ? true : undefined), {
        timeoutMs: WAIT_MS,
        what: `${more} calls relayed`,
      });
    };
    await relayedBy(first, 50);
    const second = await stage.startAgent({
      PORT: String(await freePort()),
      ADMIN_PORT: String(await freePort()),
    });
    await relayedBy(second, 50);
    expect(await first.terminate()).toEqual({ code: 0, signal: null });
    await relayedBy(second, 100);
    const outcomes = await trickle.stop();
    expect(outcomes.length).toBeGreaterThan(200);
    expect(outcomes.filter(({ end }) => end !== 200)).toEqual([]);
    expect(says(first, 'calls were still in flight at the end')).toEqual([]);
  }, 40_000);

  it('loses no call when the signal comes the moment the second agent is ready', async () => {
    const stage = await stageOf();
    for (let round = 0; round < 3; round += 1) {
      const old = stage.agent;
      const trickle = startTrickle(stage, { paths: [FAST], everyMs: 5, patienceMs: 20_000 });
      atTheEnd(() => trickle.stop());
      await stage.startAgent({ PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) });
      expect(await old.terminate()).toEqual({ code: 0, signal: null });
      const outcomes = await trickle.stop();
      expect(outcomes.length).toBeGreaterThan(20);
      expect(outcomes.filter(({ end }) => end !== 200)).toEqual([]);
    }
  }, 40_000);
});
