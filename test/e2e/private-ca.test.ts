import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type AgentProcess, type LogLine, startAgent } from '../../sandbox/agent-process.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { startProxy } from '../../sandbox/connect-proxy.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { ask, health } from './public-port.ts';

const PATH = '/projects/PLAT';
const WAIT_MS = 10_000;
const UNTRUSTED =
  /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/;
const authority = createAuthority();
const stranger = createAuthority();
const folder = makeTemporaryFolder('certificates');
const file = (name: string, text: string) => {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
};
const caFile = file('ca.pem', authority.ca);
const publicPort = authority.issue(['127.0.0.1']);

afterEach(endAll);
afterAll(() => folder.remove());

const isDown = ({ message }: LogLine) => message === 'tunnel down';
const isUnanswered = ({ message }: LogLine) => message === 'Bitbucket does not answer';

async function expectBothPaths(stage: Stage): Promise<void> {
  await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
  for (const over of ['socket', 'stream'] as const) {
    const { status, body } = await stage.call(PATH, { over });
    expect({ over, status, key: JSON.parse(body.toString()).key }).toEqual({
      over,
      status: 200,
      key: 'PLAT',
    });
  }
}

describe('Snyk Broker server and Bitbucket under one private authority', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage({
      bitbucket: { tls: authority.issue(['127.0.0.1']) },
      broker: { tls: { ...authority.issue(['127.0.0.1']), ca: authority.ca } },
      agentEnv: { CA_CERT: undefined },
      withAgent: false,
    });
    expect([stage.broker.url, stage.bitbucket.url].map((url) => new URL(url).protocol)).toEqual([
      'https:',
      'https:',
    ]);
  });
  afterAll(() => stage?.close());

  async function readyAgent(env: Readonly<Record<string, string>>): Promise<AgentProcess> {
    const agent = await stage.startAgent(env);
    atTheEnd(() => agent.close());
    return agent;
  }

  it.each(['CA_CERT', 'NODE_EXTRA_CA_CERTS'])('works with %s, over both answer paths', async (variable) => {
    const agent = await readyAgent({ [variable]: caFile });
    await expectBothPaths(stage);
    expect(agent.log.find(isDown)).toBeUndefined();
  });

  it.each(['CA_CERT', 'NODE_EXTRA_CA_CERTS'])('works with %s from .env alone', async (variable) => {
    const dotenv = join(stage.agentEnv.STATE_DIR ?? '', '.env');
    writeFileSync(dotenv, `${variable}=${caFile}\n`);
    atTheEnd(() => rmSync(dotenv));
    await readyAgent({});
    await expectBothPaths(stage);
  });

  it('works through a CONNECT proxy with a password', async () => {
    const proxy = await startProxy({ username: 'user', password: 'p@ss' });
    atTheEnd(() => proxy.close());
    await readyAgent({ CA_CERT: caFile, HTTPS_PROXY: proxy.url });
    await expectBothPaths(stage);
    const targets = proxy.requests.map(({ kind, target }) => `${kind} ${target}`);
    const ports = [stage.broker.port, stage.bitbucket.port];
    expect(new Set(targets)).toEqual(new Set(ports.map((port) => `connect 127.0.0.1:${port}`)));
  });

  it.each([
    ['directly', false],
    ['through a proxy', true],
  ])('without it stays up, is not ready and names the certificate problem, %s', async (_way, proxied) => {
    const proxy = await startProxy();
    atTheEnd(() => proxy.close());
    const before = stage.bitbucket.requests.length;
    const way = proxied ? { HTTPS_PROXY: proxy.url } : {};
    const agent = await startAgent({ env: { ...stage.agentEnv, ...way }, cwd: folder.path });
    atTheEnd(() => agent.close());
    expect((await agent.waitForLog(isDown, WAIT_MS)).reason).toMatch(UNTRUSTED);
    expect((await agent.waitForLog(isUnanswered, WAIT_MS)).reason).toMatch(UNTRUSTED);
    expect(await health(stage.agentUrl)).toEqual({ livez: 200, readyz: 503, healthcheck: 500 });
    expect((await stage.broker.connectionStatus(stage.token)).status).toBe(404);
    expect(stage.bitbucket.requests).toHaveLength(before);
    expect(proxy.requests.length > 0).toBe(proxied);
  });

  it('opens the public port in TLS with HTTPS_CERT and HTTPS_KEY', async () => {
    const env = {
      CA_CERT: caFile,
      HTTPS_CERT: file('public.pem', publicPort.cert),
      HTTPS_KEY: file('public.key', publicPort.key),
    };
    // `stage.startAgent` asks the port by the scheme in the environment it is given.
    await readyAgent(env);
    const url = `https://127.0.0.1:${stage.agentEnv.PORT}`;
    const answer = await ask(`${url}/healthcheck`, { ca: authority.ca });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject([{ ok: true }, { ok: true }]);
    const event = { method: 'POST', body: '{"eventKey":"pr:opened"}', ca: authority.ca } as const;
    expect((await ask(`${url}/webhook/bitbucket-server/tls`, event)).status).toBe(200);
    expect(stage.receiver.received.map(({ body }) => String(body))).toContain(event.body);
    await expect(ask(`http://127.0.0.1:${stage.agentEnv.PORT}/livez`)).rejects.toThrow();
    await expect(ask(`${url}/livez`, { ca: stranger.ca })).rejects.toThrow(/certificate|issuer/);
  });
});

describe('a trusted Snyk Broker server and a Bitbucket that is not', () => {
  it.each([
    ['an unknown authority', stranger, '127.0.0.1', UNTRUSTED],
    ['a certificate for another address', authority, '127.0.0.2', /ERR_TLS_CERT_ALTNAME_INVALID/],
  ])('%s: calls answer 502 on both paths, nothing is sent', async (_what, issuer, address, code) => {
    const stage = await startStage({
      bitbucket: { tls: issuer.issue([address]) },
      broker: { tls: { ...authority.issue(['127.0.0.1']), ca: authority.ca } },
    });
    atTheEnd(() => stage.close());
    expect((await stage.agent.waitForLog(isUnanswered, WAIT_MS)).reason).toMatch(code);
    for (const over of ['socket', 'stream'] as const) {
      const answer = await stage.call(PATH, { over });
      expect({ over, status: answer.status }).toEqual({ over, status: 502 });
      const { code: name, message } = JSON.parse(answer.body.toString());
      expect({ name, message }).toEqual({ name: 'DOWNSTREAM_ERROR', message: expect.stringMatching(code) });
    }
    expect(stage.bitbucket.requests).toEqual([]);
    expect((await health(stage.agentUrl)).readyz).toBe(200);
  });
});

describe('a Snyk Broker server whose certificate is for another host', () => {
  it.each([
    ['directly', false],
    ['through a proxy', true],
  ])('is refused, %s', async (_way, proxied) => {
    const proxy = await startProxy();
    atTheEnd(() => proxy.close());
    const stage = await startStage({
      broker: { tls: { ...authority.issue(['localhost']), ca: authority.ca }, host: 'localhost' },
      withAgent: false,
    });
    atTheEnd(() => stage.close());
    const env = {
      ...stage.agentEnv,
      BROKER_SERVER_URL: `https://127.0.0.1:${stage.broker.port}`,
      ...(proxied ? { HTTPS_PROXY: proxy.url } : {}),
    };
    const agent = await startAgent({ env, cwd: folder.path });
    atTheEnd(() => agent.close());
    expect((await agent.waitForLog(isDown, WAIT_MS)).reason).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
    expect(agent.log.find(({ message }) => message === 'tunnel open')).toBeUndefined();
    expect((await stage.broker.connectionStatus(stage.token)).status).toBe(404);
  });
});
