import { createHmac, hash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../sandbox/certificates.ts';
import { startProxy } from '../../sandbox/connect-proxy.ts';
import { until } from '../../sandbox/deadline.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { ask, health } from './public-port.ts';
import { startTlsReceiver, type TlsReceiver } from './tls-receiver.ts';

const SECRET = 'hook-secret';
const WAIT_MS = 10_000;
const authority = createAuthority();

afterEach(endAll);

interface Scene {
  readonly stage: Stage;
  /** The API host's stand-in, in TLS under a private authority. */
  readonly api: TlsReceiver;
  /** Kills the broker server and waits until the agent knows. */
  cut(): Promise<void>;
  post(id: string, body: Buffer): Promise<{ status: number; text: string }>;
}

async function setScene(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const stage = await startStage({ withAgent: false });
  atTheEnd(() => stage.close());
  const api = await startTlsReceiver(authority.issue(['127.0.0.1']));
  atTheEnd(() => api.close());
  const ca = join(stage.agentEnv.STATE_DIR ?? '', 'api-ca.pem');
  writeFileSync(ca, authority.ca);
  const apiUrl = new URL(api.url).origin;
  await stage.startAgent({ API_BASE_URL: apiUrl, CA_CERT: ca, WEBHOOK_SECRET: SECRET, ...env });
  return {
    stage,
    api,
    async cut() {
      await stage.broker.kill();
      await until(async () => ((await health(stage.agentUrl)).readyz === 503 ? true : undefined), {
        timeoutMs: WAIT_MS,
        what: 'the agent is not ready',
      });
    },
    post: (id, body) =>
      ask(`${stage.agentUrl}/webhook/bitbucket-server/${id}`, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'x-event-key': 'repo:refs_changed',
          'x-request-id': `request-${id}`,
          'x-hub-signature': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
          'user-agent': 'Bitbucket-9.4.0',
        },
      }),
  };
}

const BODIES = [
  randomBytes(1024 * 1024),
  Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256)),
  Buffer.from('{"n":1.0,\r\n"n":1, "text":"Müller \\u00e9"}'),
];
const digests = (requests: readonly { body: Buffer }[]) => requests.map(({ body }) => hash('sha256', body));

describe('a webhook while no tunnel is open', () => {
  it('goes straight to the API, byte for byte with its signature, and its answer comes back', async () => {
    const { stage, api, cut, post } = await setScene();
    for (const [id, body] of BODIES.entries()) expect((await post(`open-${id}`, body)).status).toBe(200);
    expect(digests(stage.receiver.received)).toEqual(digests(BODIES.map((body) => ({ body }))));
    expect(api.received).toEqual([]);

    await cut();
    api.respond(() => ({ status: 202, body: '{"taken":true}', headers: { 'set-cookie': 'a=b' } }));
    for (const [id, body] of BODIES.entries()) {
      const answer = await post(`cut-${id}`, body);
      expect({ status: answer.status, text: answer.text }).toEqual({ status: 202, text: '{"taken":true}' });
    }
    expect(digests(api.received)).toEqual(digests(stage.receiver.received));
    const [came] = api.received;
    expect(came).toMatchObject({
      method: 'POST',
      url: '/webhook/bitbucket-server/cut-0',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'x-event-key': 'repo:refs_changed',
        'x-hub-signature': stage.receiver.received[0]?.headers['x-hub-signature'],
        'x-snyk-broker': `${stage.token.slice(0, 4)}-...-${stage.token.slice(-4)}`,
        'snyk-request-id': 'request-cut-0',
        'x-broker-origin-ua': 'Bitbucket-9.4.0',
      },
    });
    expect(JSON.stringify(api.received.map(({ headers }) => headers))).not.toContain(stage.token);

    await stage.broker.restart();
    await stage.agent.ready();
    expect((await post('back', Buffer.from('{}'))).status).toBe(200);
    expect(stage.receiver.received).toHaveLength(BODIES.length + 1);
    expect(api.received).toHaveLength(BODIES.length);
  }, 60_000);

  it('goes through the proxy by CONNECT', async () => {
    const proxy = await startProxy({ username: 'user', password: 'p@ss' });
    atTheEnd(() => proxy.close());
    const { api, cut, post } = await setScene({ HTTPS_PROXY: proxy.url });
    await cut();
    expect((await post('proxied', Buffer.from('{}'))).status).toBe(202);
    const { host } = new URL(api.url);
    expect(proxy.requests).toEqual([{ kind: 'connect', target: host, authorized: true }]);
    expect(api.received.map(({ url }) => url)).toEqual(['/webhook/bitbucket-server/proxied']);
  }, 60_000);

  it('is told as failed when the API takes it no more than the tunnel, and the cause is logged', async () => {
    const { stage, api, cut, post } = await setScene();
    await cut();
    api.respond(() => 'cut');
    const broken = await post('broken', Buffer.from('{}'));
    expect({ status: broken.status, ...JSON.parse(broken.text) }).toMatchObject({
      status: 502,
      code: 'API_UNREACHABLE',
    });
    expect(api.received).toHaveLength(1);
    await api.close();
    expect((await post('gone', Buffer.from('{}'))).status).toBe(502);
    const line = await stage.agent.waitForLog(({ requestId }) => requestId === 'request-gone', WAIT_MS);
    expect(line).toMatchObject({ code: 'API_UNREACHABLE', cause: 'ECONNREFUSED', status: 502 });
    expect(stage.agent.output()).not.toContain(SECRET);
  }, 60_000);

  it('is not sent there when the tunnel has taken it already and was lost', async () => {
    const { stage, api, post } = await setScene();
    stage.receiver.respond(() => new Promise<never>(() => {}));
    const answer = post('lost', Buffer.from('{}'));
    await stage.receiver.waitFor(({ url }) => url.endsWith('/lost'), WAIT_MS);
    await stage.broker.kill();
    const { status, text } = await answer;
    expect({ status, ...JSON.parse(text) }).toMatchObject({ status: 503, code: 'TUNNEL_CLOSED' });
    expect(api.received).toEqual([]);
  }, 60_000);

  it('is refused and pinged as ever', async () => {
    const { stage, api, cut } = await setScene();
    await cut();
    const url = `${stage.agentUrl}/webhook/bitbucket-server/1`;
    const signature = (body: string) => `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`;
    const ping = {
      method: 'POST' as const,
      body: '{"test": true}',
      headers: { 'x-event-key': 'diagnostics:ping', 'x-hub-signature': signature('{"test": true}') },
    };
    expect(await ask(url, ping)).toMatchObject({ status: 200, text: '{"ok":true}' });
    const forged = { ...ping, headers: { ...ping.headers, 'x-hub-signature': signature('{}') } };
    expect((await ask(url, forged)).status).toBe(401);
    expect(api.received).toEqual([]);
  }, 60_000);
});
