import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../sandbox/deadline.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { health } from './public-port.ts';
import { type Outcome, startTrickle, type Trickle } from './trickle.ts';

const FAST = '/projects/PLAT';
const SLOW = '/projects/PLAT/repos';
/** The longest it may take to be connected again. */
const BACK_WITHIN_MS = 15_000;
const WAIT_MS = 10_000;
const CALLS = 12;
/** How long calls pile up at the frozen server. */
const FROZEN_MS = 500;

afterEach(endAll);

async function stageWithTrickle(): Promise<{ stage: Stage; trickle: Trickle }> {
  const stage = await startStage();
  atTheEnd(() => stage.close());
  await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
  stage.bitbucket.faults.add({ match: `/rest/api/1.0${SLOW}`, kind: 'late', ms: 250 });
  const trickle = startTrickle(stage, { paths: [FAST, SLOW], everyMs: 20, patienceMs: 25_000 });
  atTheEnd(() => trickle.stop());
  return { stage, trickle };
}

/** Until as many more calls as that were answered by Bitbucket, over each path. */
async function answered(trickle: Trickle, more: number): Promise<void> {
  const from = trickle.ended.length;
  const good = (over: Outcome['over']) =>
    trickle.ended.slice(from).filter((one) => one.over === over && one.end === 200).length;
  await until(() => (good('socket') >= more && good('stream') >= more ? true : undefined), {
    timeoutMs: WAIT_MS,
    what: `${more} calls answered over each path`,
    detail: () => JSON.stringify(trickle.ended.slice(-10)),
  });
}

async function expectOutage(stage: Stage): Promise<void> {
  await until(async () => ((await health(stage.agentUrl)).readyz === 503 ? true : undefined), {
    timeoutMs: WAIT_MS,
    what: 'the agent is not ready',
  });
  expect(await health(stage.agentUrl)).toEqual({ livez: 200, readyz: 503, healthcheck: 500 });
}

/** The server is started anew; the agent must find it, and everything works as before. */
async function expectRecovery(stage: Stage, trickle: Trickle): Promise<void> {
  await stage.broker.restart();
  await stage.agent.ready(BACK_WITHIN_MS);
  await stage.broker.waitForClient(stage.token, { timeoutMs: BACK_WITHIN_MS, sockets: 2 });
  expect(await health(stage.agentUrl)).toEqual({ livez: 200, readyz: 200, healthcheck: 200 });

  const sinceThen = startTrickle(stage, { paths: [FAST, SLOW], everyMs: 20, patienceMs: 10_000 });
  await answered(sinceThen, CALLS);
  expect((await sinceThen.stop()).filter(({ end }) => end !== 200)).toEqual([]);

  const all = await trickle.stop();
  expect(all.filter(({ end }) => end === 'hangs')).toEqual([]);
  expect(all.filter(({ end }) => end === 'failed').length).toBeGreaterThan(0);
  // While the server is back and the agent not yet, the server itself says that nobody is connected.
  const strange = all.filter(({ end }) => end !== 200 && end !== 'failed' && end !== 404);
  expect(strange).toEqual([]);
  expect(stage.agent.log.filter(({ message }) => message === 'defect')).toEqual([]);
}

describe('the Snyk Broker server under a steady trickle of calls', () => {
  it('killed by SIGKILL and started again: connected within 15 s, no call hangs', async () => {
    const { stage, trickle } = await stageWithTrickle();
    await answered(trickle, CALLS);
    await stage.broker.kill();
    await expectOutage(stage);
    await expectRecovery(stage, trickle);
  }, 60_000);

  it('frozen by SIGSTOP, then killed and started again: connected within 15 s, no call hangs', async () => {
    const { stage, trickle } = await stageWithTrickle();
    await answered(trickle, CALLS);
    process.kill(stage.broker.pid, 'SIGSTOP');
    const frozen = stage.call(FAST).then(
      ({ status }) => status,
      () => 'failed',
    );
    await pause(FROZEN_MS);
    expect((await health(stage.agentUrl)).livez).toBe(200);
    await stage.broker.kill();
    expect(await frozen).toBe('failed');
    await expectOutage(stage);
    await expectRecovery(stage, trickle);
  }, 60_000);

  it('killed three times in a row: connected again each time', async () => {
    const stage = await startStage();
    atTheEnd(() => stage.close());
    for (let round = 0; round < 3; round += 1) {
      await stage.broker.kill();
      await expectOutage(stage);
      await stage.broker.restart();
      await stage.agent.ready(BACK_WITHIN_MS);
      await stage.broker.waitForClient(stage.token, { timeoutMs: BACK_WITHIN_MS, sockets: 2 });
      for (const over of ['socket', 'stream'] as const) {
        expect((await stage.call(FAST, { over })).status).toBe(200);
      }
    }
  }, 60_000);
});
