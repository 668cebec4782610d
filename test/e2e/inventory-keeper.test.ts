import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AgentProcess, startAgent } from '../../sandbox/agent-process.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { Caller } from '../../sandbox/caller.ts';
import { until } from '../../sandbox/deadline.ts';
import { createEssentialsReceiver } from '../../sandbox/essentials-receiver.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { readNotice } from '../../src/inventory/keeper/mark-notice.ts';
import { readBody, startServer } from '../kit/http-server.ts';
import { ask } from './public-port.ts';

const WAIT_MS = 30_000;
const RELAY_TOKEN = 'the-relay-token-of-this-test';
const INVENTORY_TOKEN = 'the-token-between-the-agents';
const WORLD = createWorld({ repositories: 30, users: 20 });
const LISTS = ['users', 'repositories', 'runs'];

let stage: Stage;
let keeper: AgentProcess;
/** Asks the keeper by the tunnel of its own, past the other agent. */
let own: Caller;
let keeperEnv: Record<string, string>;
let relayPort: number;

/** The keeper has a broker token of its own here, so that the server sends the stage's calls to the other agent. */
beforeAll(async () => {
  const port = String(await freePort());
  relayPort = await freePort();
  stage = await startStage({
    bitbucket: { world: WORLD },
    agentEnv: { INVENTORY_URL: `http://127.0.0.1:${port}`, INVENTORY_TOKEN, INVENTORY_ENABLED: undefined },
    withAgent: false,
  });
  const held = createEssentialsReceiver({ received: stage.receiver.received });
  stage.receiver.respond((request) =>
    request.url.startsWith('/webhook/') ? { status: 200 } : held.respond(request),
  );
  const { INVENTORY_URL: _, STATE_DIR = '', ...shared } = stage.agentEnv;
  const token = randomUUID();
  keeperEnv = {
    ...shared,
    ...{ BROKER_TOKEN: token, INVENTORY_PORT: port, INVENTORY_HOST: '127.0.0.1' },
    ...{ PORT: String(await freePort()), ADMIN_PORT: 'off' },
    STATE_DIR: mkdtempSync(join(STATE_DIR, 'keeper-')),
  };
  own = new Caller(stage.broker.url, null, (path) => `/broker/${token}${path}`);
  keeper = await startKeeper();
  await stage.startAgent({ HTTP_RELAY: 'true', RELAY_TOKEN, RELAY_PORT: String(relayPort) });
  const enriched = (line: Readonly<Record<string, unknown>>) =>
    line.message === 'inventory run complete' && String(line.parts).includes('enrichment');
  await keeper.waitForLog(enriched, WAIT_MS);
}, 90_000);
afterAll(async () => {
  await own?.close();
  await keeper?.close();
  await stage?.close();
});

async function startKeeper(overlay: Readonly<Record<string, string>> = {}): Promise<AgentProcess> {
  const env = { ...keeperEnv, ...overlay };
  const started = await startAgent({ env, cwd: stage.agentEnv.STATE_DIR ?? '' });
  await started.ready();
  await stage.broker.waitForClient(env.BROKER_TOKEN ?? '', { timeoutMs: WAIT_MS });
  return started;
}

const HEADERS = ['content-type', 'content-length', 'cache-control'] as const;
const plain = ({ status, headers, body }: Awaited<ReturnType<Caller['call']>>) => ({
  status,
  headers: HEADERS.map((name) => headers[name]),
  body: body.toString('utf8'),
});

describe('an agent that does not keep the inventory', () => {
  it('says at its start who does, and keeps none', async () => {
    const started = await stage.agent.waitForLog(({ message }) => message === 'started', WAIT_MS);
    expect(started.inventory).toBe(`kept by ${stage.agentEnv.INVENTORY_URL}`);
    expect(stage.agent.output()).not.toContain('inventory run');
  });

  it.each([
    'socket',
    'stream',
  ] as const)('answers calls for it as the keeper does, byte for byte (%s)', async (over) => {
    const urls = LISTS.flatMap((list) => [
      `/essentials/v1/${list}`,
      `/essentials/v1/${list}?limit=2&version=a%2Fb`,
      `/essentials/v1/${list}?limit=0`,
    ]);
    stage.bitbucket.requests.length = 0;
    for (const url of urls) {
      const [here, there] = [await own.call(url, { over }), await stage.call(url, { over })];
      expect({ url, ...plain(there) }).toEqual({ url, ...plain(here) });
      expect(there.status).toBe(url.endsWith('limit=0') ? 400 : 200);
      const isIt = ({ requestId }: Readonly<Record<string, unknown>>) => requestId === there.requestId;
      const line = await stage.agent.waitForLog(isIt, WAIT_MS);
      expect(line).toMatchObject({ message: 'relayed', ruleId: expect.stringMatching(/^essentials-/) });
    }
    const { links } = JSON.parse((await stage.call(urls[1] ?? '', { over })).body.toString());
    expect((await stage.call(links.next, { over })).status).toBe(200);
    expect(stage.bitbucket.requests.filter(({ url }) => url.includes('essentials'))).toEqual([]);
  });

  it('does so by the HTTP relay too', async () => {
    const here = await own.call('/essentials/v1/users?limit=3');
    const there = await ask(`http://127.0.0.1:${relayPort}/relay/essentials/v1/users?limit=3`, {
      headers: { authorization: `Bearer ${RELAY_TOKEN}` },
    });
    expect({ status: there.status, text: there.text }).toEqual({ status: 200, text: String(here.body) });
  });

  it('answers 503 while the keeper is away, and hands its marks over when it is back', async () => {
    expect((await keeper.terminate()).code).toBe(0);
    for (const over of ['socket', 'stream'] as const) {
      const { status, body } = await stage.call('/essentials/v1/users', { over });
      expect({ status, ...JSON.parse(String(body)) }).toMatchObject({
        status: 503,
        code: 'INVENTORY_UNREACHABLE',
      });
      expect(String(body)).not.toContain('127.0.0.1');
    }
    const { id, slug, project } = WORLD.repositories.at(0);
    const repository = { id, slug, project: { key: WORLD.projects.at(project).key } };
    const sent = await ask(`${stage.agentUrl}/webhook/bitbucket-server/1`, {
      method: 'POST',
      body: JSON.stringify({ repository }),
      headers: { 'x-event-key': 'repo:refs_changed' },
    });
    expect(sent.status).toBe(200);
    const away = ({ message }: Readonly<Record<string, unknown>>) =>
      message === 'marked repositories cannot be handed over';
    expect(await stage.agent.waitForLog(away, WAIT_MS)).toMatchObject({
      level: 'warn',
      reason: 'ECONNREFUSED',
    });

    keeper = await startKeeper();
    const back = await until(
      async () => {
        const answer = await stage.call('/essentials/v1/users');
        return answer.status === 200 ? answer : undefined;
      },
      { timeoutMs: WAIT_MS, what: 'the keeper is asked again' },
    );
    expect(plain(back)).toEqual(plain(await own.call('/essentials/v1/users')));
    await keeper.waitForLog(
      ({ message, marked }) => message === 'inventory run starts' && marked === 1,
      WAIT_MS,
    );
    await keeper.waitForLog(
      ({ message, partial }) => message === 'inventory run complete' && partial === true,
      WAIT_MS,
    );
    for (const what of ['the inventory cannot be asked for', 'marked repositories cannot be handed over']) {
      await stage.agent.waitForLog(({ message }) => message === `${what}: over`, WAIT_MS);
      expect(stage.agent.log.filter(({ message }) => message === what)).toHaveLength(1);
    }
  }, 90_000);

  it('whose token is another one gets nothing, and both sides are told', async () => {
    const agent = await stage.startAgent({
      ...{ INVENTORY_TOKEN: 'a-token-that-nobody-knows', PORT: String(await freePort()) },
      ...{ ADMIN_PORT: 'off', STATE_DIR: mkdtempSync(join(stage.agentEnv.STATE_DIR ?? '', 'wrong-')) },
    });
    const isHere = ({ requestId }: Readonly<Record<string, unknown>>) => requestId === answer.requestId;
    const answer = await stage.call('/essentials/v1/users');
    expect(answer.status).toBe(503);
    await agent.waitForLog(isHere, WAIT_MS);
    const told = await agent.waitForLog(({ reason }) => reason === 'UNAUTHORIZED', WAIT_MS);
    expect(String(told.hint)).toContain('tokens differ');
    await keeper.waitForLog(({ message }) => message === 'wrong token at INVENTORY_PORT', WAIT_MS);
    expect((await agent.terminate()).code).toBe(0);
  });

  it('knows the token of the agents of its broker token without being told', async () => {
    const port = String(await freePort());
    const { BROKER_TOKEN = '' } = stage.agentEnv;
    const { INVENTORY_TOKEN: _, ...untold } = keeperEnv;
    await keeper.terminate();
    const first = await startAgent({
      env: { ...untold, BROKER_TOKEN, INVENTORY_PORT: port, PORT: String(await freePort()) },
      cwd: stage.agentEnv.STATE_DIR ?? '',
    });
    try {
      await first.ready();
      // The newest connection gets the calls.
      const second = await stage.startAgent({
        ...{ INVENTORY_TOKEN: '', INVENTORY_URL: `http://127.0.0.1:${port}`, PORT: String(await freePort()) },
        ...{ ADMIN_PORT: 'off', STATE_DIR: mkdtempSync(join(stage.agentEnv.STATE_DIR ?? '', 'second-')) },
      });
      const { status, requestId } = await stage.call('/essentials/v1/repositories');
      expect(status).toBe(200);
      await second.waitForLog((line) => line.requestId === requestId, WAIT_MS);
      expect(first.output() + second.output()).not.toContain('wrong token');
    } finally {
      await first.close();
    }
  });
});

describe('at its end', () => {
  it('hands over what waits while its ports close, so that neither waits for the other', async () => {
    const env = { PORT: String(await freePort()), ADMIN_PORT: 'off' };
    const left = () =>
      ask(`http://127.0.0.1:${env.PORT}/livez`).then(
        () => undefined,
        () => true as const,
      );
    const taken: unknown[] = [];
    const server = await startServer(async (request, response) => {
      const body = readNotice(await readBody(request));
      await until(left, { timeoutMs: WAIT_MS, what: 'the public port is closed' });
      taken.push(body);
      response.writeHead(204).end();
    });
    try {
      const agent = await stage.startAgent({
        ...{ ...env, INVENTORY_URL: server.origin },
        STATE_DIR: mkdtempSync(join(stage.agentEnv.STATE_DIR ?? '', 'end-')),
      });
      const repository = { id: 17, slug: 'gateway', project: { key: 'PLAT' } };
      const sent = await ask(`http://127.0.0.1:${env.PORT}/webhook/bitbucket-server/1`, {
        method: 'POST',
        body: JSON.stringify({ repository }),
        headers: { 'x-event-key': 'repo:refs_changed' },
      });
      expect(sent.status).toBe(200);
      expect((await agent.terminate()).code).toBe(0);
      expect(agent.output()).not.toContain('are lost');
      expect(taken).toEqual([[{ sourceId: 17, projectKey: 'PLAT', slug: 'gateway' }]]);
    } finally {
      await server.close();
    }
  });
});

describe('INVENTORY_URL=off', () => {
  it('takes the rules of the origin agent: away, and says so', async () => {
    const agent = await stage.startAgent({
      ...{ INVENTORY_URL: 'off', INVENTORY_TOKEN: '', PORT: String(await freePort()) },
      ...{ ADMIN_PORT: 'off', STATE_DIR: mkdtempSync(join(stage.agentEnv.STATE_DIR ?? '', 'off-')) },
    });
    const off = await agent.waitForLog(
      ({ message }) => message === 'rules of the origin agent: are off',
      WAIT_MS,
    );
    expect(off).toMatchObject({ rules: LISTS.map((list) => `essentials-${list}`) });
    const answer = await stage.call('/essentials/v1/users');
    expect({ status: answer.status, body: JSON.parse(String(answer.body)) }).toMatchObject({
      status: 401,
      body: { code: 'FILTER_BLOCKED', reason: 'no-rule' },
    });
    expect((await stage.call('/projects?limit=1')).status).toBe(200);
  });
});
