import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../../sandbox/deadline.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { putUnderLoad } from '../../sandbox/load.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { health } from '../e2e/public-port.ts';
import { type Container, startContainer } from './container.ts';
import { IMAGE, must } from './engine.ts';

const WAIT_MS = 30_000;
const LIMIT_BYTES = 256 * 1024 * 1024;
const LOAD = { rate: 200, seconds: Number(process.env.IMAGE_LOAD_SECONDS || 60), mostAtOnce: 100 };
const FAST = '/projects/PLAT';
const SLOW = '/projects/PLAT/repos';

let stage: Stage;
const endings: (() => unknown)[] = [];

beforeAll(async () => {
  stage = await startStage({ withAgent: false });
});
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
  stage.bitbucket.faults.clear();
});
afterAll(() => stage.close());

/** With an agent's ports, which are this host's own. */
async function variables(overlay: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const { STATE_DIR, ...env } = stage.agentEnv;
  return { ...env, PORT: String(await freePort()), ADMIN_PORT: String(await freePort()), ...overlay };
}

async function begin(env: Readonly<Record<string, string>>): Promise<Container> {
  const container = await startContainer(env);
  endings.push(() => container.close());
  return container;
}

async function connected(env: Readonly<Record<string, string>>): Promise<Container> {
  const container = await begin(env);
  await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
  return container;
}

describe('the image, read-only, without root, capabilities and more than 256 MiB', () => {
  it('relays what the accept list allows, over both answer paths, and refuses the rest', async () => {
    const container = await connected(await variables());
    for (const over of ['socket', 'stream'] as const) {
      const allowed = await stage.call(FAST, { over });
      expect(allowed.status).toBe(200);
      expect(JSON.parse(allowed.body.toString())).toMatchObject({ key: 'PLAT' });
      expect((await stage.call('/admin/license', { over })).status).toBe(401);
    }
    const messages = (await container.log()).map(({ message }) => message);
    expect(messages.filter((message) => message === 'relayed')).toHaveLength(2);
    expect(messages.filter((message) => message === 'refused')).toHaveLength(2);
  });

  it('really is held like that', async () => {
    const container = await begin(await variables());
    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Gid:\t65532\t65532\t65532\t65532$/m);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(status).toMatch(new RegExp(`^${set}:\t0+$`, 'm'));
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    const [inspected] = JSON.parse(await must('podman', ['inspect', container.name]));
    expect(inspected.HostConfig).toMatchObject({ ReadonlyRootfs: true, Memory: LIMIT_BYTES, PidsLimit: 64 });
  });

  it('says that it is alive, and that it is not once it stands still', async () => {
    const env = await variables();
    const container = await begin(env);
    await container.waitForLog("operators' port open");
    const look = async () => ((await container.healthcheck()).code === 0 ? true : undefined);
    await until(look, { timeoutMs: WAIT_MS, what: 'the container is healthy' });
    process.kill(container.pid, 'SIGSTOP');
    expect((await container.healthcheck()).code).toBe(1);
    process.kill(container.pid, 'SIGCONT');
    expect((await container.healthcheck()).code).toBe(0);
  });

  it('shows its secrets nowhere', async () => {
    const env = await variables({ ADMIN_TOKEN: 'canary-of-the-operators' });
    const container = await connected(env);
    await stage.call(FAST);
    const seen = [
      await must('podman', ['inspect', container.name]),
      await must('podman', ['image', 'inspect', IMAGE]),
      await must('podman', ['history', '--no-trunc', IMAGE]),
      JSON.stringify(await container.log()),
      readFileSync(`/proc/${container.pid}/environ`, 'utf8'),
      readFileSync(`/proc/${container.pid}/cmdline`, 'utf8'),
    ].join('\n');
    expect(seen).toContain('BROKER_TOKEN_FILE');
    for (const secret of [env.BROKER_TOKEN, env.BITBUCKET_PASSWORD, env.ADMIN_TOKEN]) {
      expect([secret, seen.includes(String(secret))]).toEqual([secret, false]);
    }
  });

  it('answers what is in flight when it is stopped, and ends with 0', async () => {
    const container = await connected(await variables());
    const fault = stage.bitbucket.faults.add({ match: `/rest/api/1.0${SLOW}`, kind: 'late', ms: 2_000 });
    const calls = (['socket', 'stream'] as const).map((over) => stage.call(SLOW, { over }));
    const answered = Promise.all(calls);
    await until(() => (fault.hits === calls.length ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'the calls are at Bitbucket',
    });
    const stopped = container.stop();
    await container.waitForLog('draining');
    for (const { status, body } of await answered) {
      expect(status).toBe(200);
      expect(JSON.parse(body.toString())).toHaveProperty('values');
    }
    expect(await stopped).toBe(0);
    expect((await container.log()).at(-1)).toMatchObject({ message: 'stopped', signal: 'SIGTERM' });
  });

  it('lives while the Snyk Broker server takes its connections and says nothing, and ends with 0', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    endings.push(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const env = await variables({
      BROKER_SERVER_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
    });
    const container = await begin(env);
    await until(() => (sockets.size > 0 ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'the agent connects',
    });
    expect((await container.healthcheck()).code).toBe(0);
    expect(await health(`http://127.0.0.1:${env.PORT}`)).toEqual({
      livez: 200,
      readyz: 503,
      healthcheck: 500,
    });
    expect(await container.stop()).toBe(0);
  });

  it(`answers ${LOAD.rate} calls a second for ${LOAD.seconds} s, all of them, and stays under the limit`, async () => {
    stage.bitbucket.requests.length = 0;
    const container = await connected(await variables());
    const outcome = await putUnderLoad({
      ...LOAD,
      paths: [FAST],
      call: (path, how) => stage.call(path, how),
    });
    expect((await container.healthcheck()).code).toBe(0);
    const { process: own, limited } = container.peak();
    const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
    process.stdout.write(
      `${LOAD.rate * LOAD.seconds} calls in ${outcome.seconds.toFixed(1)} s, the longest ` +
        `${outcome.slowest.toFixed(0)} ms; at most ${mebibytes(own)} of the agent, ` +
        `${mebibytes(limited)} with files and health checks, of ${mebibytes(LIMIT_BYTES)}\n`,
    );
    expect(outcome.failures).toEqual({});
    expect(outcome.answered).toBe(LOAD.rate * LOAD.seconds);
    expect(container.running()).toBe(true);
    expect(own).toBeLessThan(LIMIT_BYTES);
    expect(await container.stop()).toBe(0);
  }, 600_000);
});
