import { createHmac, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../sandbox/deadline.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { ask, health, type PublicRequest } from './public-port.ts';

const HOOK = '/webhook/bitbucket-server/9f1c2a34-8d1e';
const WAIT_MS = 10_000;
const MIB = 1024 * 1024;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage?.close());
beforeEach(() => stage.receiver.respond(() => ({})));

const post = (path: string, how: PublicRequest = {}) =>
  ask(`${stage.agentUrl}${path}`, { method: 'POST', ...how });

/** Headers as Bitbucket Server sends them with an event. */
function eventHeaders(body: string | Buffer): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'x-event-key': 'repo:refs_changed',
    'x-request-id': '5b7c1e1a-0f0d-4c6e-9d3a-6f1d1c9a0001',
    'x-hub-signature': `sha256=${createHmac('sha256', 'hook-secret').update(body).digest('hex')}`,
    'user-agent': 'Atlassian HttpClient 4.2.0 / Bitbucket-9.4.0',
  };
}

/** What reached the receiver while `run` was going on. */
async function reached(run: () => Promise<void>) {
  const before = new Set(stage.receiver.received);
  await run();
  return stage.receiver.received.filter((one) => !before.has(one));
}

describe('a webhook that the accept list knows', () => {
  const ordered = '{"eventKey":"repo:refs_changed", "n":1.0,\r\n"text":"Müller \u{1f600} \\u00e9","n":1}';

  it.each([
    ['JSON whose spaces, order and doubles must stay', Buffer.from(ordered)],
    ['bytes that are no text', Buffer.from(Array.from({ length: 512 }, (_, at) => at % 256))],
    ['the largest that is taken, 1 MiB', randomBytes(MIB)],
    ['an empty body', Buffer.alloc(0)],
  ])('arrives byte for byte with its headers: %s', async (_what, body) => {
    const headers = eventHeaders(body);
    const [arrived, ...more] = await reached(async () => {
      expect((await post(HOOK, { headers, body })).status).toBe(200);
    });
    expect(more).toEqual([]);
    expect(arrived).toMatchObject({ method: 'POST', url: HOOK });
    expect(arrived?.body.equals(body)).toBe(true);
    expect(arrived?.headers).toMatchObject({
      'x-event-key': headers['x-event-key'],
      'x-hub-signature': headers['x-hub-signature'],
      'content-type': headers['content-type'],
    });
  });

  it('keeps its query', async () => {
    const arrived = await reached(async () => {
      expect((await post(`${HOOK}?a=1&b=%2F..%2f&c`, { body: '{}' })).status).toBe(200);
    });
    expect(arrived.map(({ url }) => url)).toEqual([`${HOOK}?a=1&b=%2F..%2f&c`]);
  });

  it.each([
    [200, '{"ok":true}'],
    [202, ''],
    [404, '{"message":"no such hook"}'],
    [422, '{"message":"Müller"}'],
  ])('is answered with what the receiver says: %i', async (status, body) => {
    stage.receiver.respond(() => ({ status, body, headers: { 'set-cookie': 'a=b', 'x-inside': '1' } }));
    const answer = await post(HOOK, { body: '{}' });
    expect({ status: answer.status, text: answer.text }).toEqual({ status, text: body });
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(answer.headers).not.toHaveProperty('x-inside');
  });

  it('goes out without cookies and without what is about the connection', async () => {
    const headers = { cookie: 'JSESSIONID=1', 'x-forwarded-for': '10.0.0.9', forwarded: 'for=10.0.0.9' };
    const [arrived] = await reached(async () => {
      await post(HOOK, { headers, body: '{}' });
    });
    for (const name of Object.keys(headers)) expect(arrived?.headers).not.toHaveProperty(name);
  });

  it('comes with many others at once, each with its own answer', async () => {
    stage.receiver.respond(({ url, body }) => ({
      status: 201,
      body: JSON.stringify({ url, body: String(body) }),
    }));
    const ids = Array.from({ length: 60 }, (_, at) => `many-${at}`);
    const answers = await Promise.all(
      ids.map((id) => post(`/webhook/bitbucket-server/${id}`, { body: `{"id":"${id}"}` })),
    );
    expect(answers.map(({ status, text }) => ({ status, ...JSON.parse(text) }))).toEqual(
      ids.map((id) => ({ status: 201, url: `/webhook/bitbucket-server/${id}`, body: `{"id":"${id}"}` })),
    );
  });

  it('is one line in the log, without its body', async () => {
    const requestId = 'a2f9d1e4-7c55-4f0b-8f6c-000000000042';
    await post(HOOK, { headers: { 'x-request-id': requestId }, body: '{"note":"canary-in-a-body"}' });
    const line = await stage.agent.waitForLog((one) => one.requestId === requestId, WAIT_MS);
    expect(line).toMatchObject({ message: 'webhook relayed', ruleId: 'webhook', status: 200, bytes: 27 });
    expect(stage.agent.output()).not.toContain('canary-in-a-body');
  });
});

describe('what is not a webhook of the accept list', () => {
  it.each([
    ['POST', '/webhook/github/1'],
    ['POST', '/webhook/bitbucket-server'],
    ['POST', `${HOOK}/more`],
    ['POST', '/webhook/bitbucket-server/..;'],
    ['POST', '/webhook/bitbucket-server/a%2fb'],
    ['POST', '/webhook/bitbucket-server/a%00'],
    ['POST', '/webhook'],
    ['GET', HOOK],
    ['PUT', HOOK],
    ['DELETE', HOOK],
  ] as const)('%s %s: 401 FILTER_BLOCKED, and nothing leaves', async (method, path) => {
    const arrived = await reached(async () => {
      const answer = await post(path, { method, ...(method === 'GET' ? {} : { body: '{}' }) });
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'FILTER_BLOCKED', message: 'blocked' });
      expect(JSON.parse(answer.text).reason).toMatch(/^[a-z-]+$/);
    });
    expect(arrived).toEqual([]);
  });

  it.each([
    '/',
    '/rest/api/1.0/projects',
    '/webhooks/bitbucket-server/1',
    '//webhook/bitbucket-server/1',
  ])('POST %s: 404, and nothing leaves', async (path) => {
    const arrived = await reached(async () => {
      expect((await post(path, { body: '{}' })).status).toBe(404);
    });
    expect(arrived).toEqual([]);
  });

  it.each([
    '/webhook/bitbucket-server/%2e%2e',
    '/webhook/../webhook/bitbucket-server/1',
    '/webhook/bitbucket-server/./1',
    '/webhook//bitbucket-server/1',
  ])('POST %s as it stands on the wire: refused, and nothing leaves', async (path) => {
    const arrived = await reached(async () => {
      expect(await rawPost(path)).toMatch(/^HTTP\/1\.1 401 .*"FILTER_BLOCKED"/s);
    });
    expect(arrived).toEqual([]);
  });
});

describe('a body that is too large', () => {
  it('is answered 413 by its declared length', async () => {
    const arrived = await reached(async () => {
      const answer = await post(HOOK, { body: Buffer.alloc(MIB + 1, 0x20) });
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    });
    expect(arrived).toEqual([]);
  });

  it('is answered 413 by what comes in chunks', async () => {
    const chunk = `40000\r\n${' '.repeat(0x40000)}\r\n`;
    const arrived = await reached(async () => {
      const text = await rawPost(
        HOOK,
        `transfer-encoding: chunked\r\n\r\n${chunk.repeat(4)}1\r\n \r\n0\r\n\r\n`,
      );
      expect(text).toMatch(/^HTTP\/1\.1 413 /);
    });
    expect(arrived).toEqual([]);
  });
});

describe('a webhook while the tunnel is down', () => {
  it('is answered 502 at once when the API is not there either, and goes through when the tunnel is back', async () => {
    await stage.broker.kill();
    await until(async () => ((await health(stage.agentUrl)).readyz === 503 ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'the agent is not ready',
    });
    const arrived = await reached(async () => {
      const answer = await post(HOOK, { body: '{}' });
      expect(answer.status).toBe(502);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'API_UNREACHABLE' });
      expect((await post('/webhook/github/1', { body: '{}' })).status).toBe(401);
    });
    expect(arrived).toEqual([]);
    await stage.broker.restart();
    await stage.agent.ready();
    expect((await post(HOOK, { body: '{}' })).status).toBe(200);
  }, 40_000);

  it('is answered 503 when the tunnel closes before the answer came', async () => {
    const held = new Promise<never>(() => {});
    stage.receiver.respond(() => held);
    const answer = post('/webhook/bitbucket-server/cut', { body: '{}' });
    await stage.receiver.waitFor(({ url }) => url.endsWith('/cut'), WAIT_MS);
    await stage.broker.kill();
    const { status, text } = await answer;
    expect({ status, ...JSON.parse(text) }).toMatchObject({ status: 503, code: 'TUNNEL_CLOSED' });
  });
});

/** A POST whose target no client library touches. Settles with all that came back. */
function rawPost(target: string, rest = 'content-length: 2\r\n\r\n{}'): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(stage.agentUrl);
    const socket = connect(Number(port), hostname, () => {
      socket.write(`POST ${target} HTTP/1.1\r\nhost: agent\r\nconnection: close\r\n${rest}`);
    });
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('error', (error) => (text === '' ? reject(error) : resolve(text)));
    socket.once('close', () => resolve(text));
  });
}
