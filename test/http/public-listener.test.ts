import { afterEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { logCalls } from '../../src/agent/recorder.ts';
import { AgentError } from '../../src/errors.ts';
import { healthRoutes } from '../../src/http/health.ts';
import { openListener } from '../../src/http/listener.ts';
import { webhookRoutes } from '../../src/http/webhook.ts';
import { type Fields, silentLog } from '../../src/log.ts';
import { loadRules } from '../../src/rules/compile.ts';
import type { OutboundAnswer, OutboundRequest } from '../../src/tunnel/outbound.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const RULES =
  '{"private": [], "public": [{"id": "hook", "method": "POST", "path": "/webhook/bitbucket-server/:id"}]}';

function rules() {
  const bitbucket = { scheme: 'https', host: 'bitbucket.example' } as const;
  const loaded = loadRules(RULES, 'accept.json', {
    variable: () => undefined,
    bitbucket,
    allowWrites: false,
  });
  if (loaded.rules === null) throw new Error('the list of this test is broken');
  return loaded.rules;
}

async function listen(options: {
  open?: [boolean, boolean];
  draining?: boolean;
  forward?: (request: OutboundRequest) => Promise<OutboundAnswer>;
}) {
  const [primary, secondary] = options.open ?? [true, true];
  const lines: Fields[] = [];
  const health = healthRoutes({
    path: '/healthcheck',
    serverUrl: 'https://broker.example',
    version: '1.2.3',
    tunnels: () => [
      { role: 'primary', open: primary, since: 0 },
      { role: 'secondary', open: secondary, since: 0 },
    ],
    draining: () => options.draining ?? false,
  });
  const forward = options.forward ?? (async () => ({ status: 200, headers: {}, body: '' }));
  const log = { ...silentLog, info: (_message: string, fields?: Fields) => void lines.push(fields ?? {}) };
  const listener = await openListener({
    port: 0,
    name: 'PORT',
    tls: null,
    routes: [
      health,
      webhookRoutes({
        rules: rules(),
        secret: null,
        forward,
        record: (call) => logCalls(log)('webhook', call),
      }),
    ],
    log,
  });
  closing.push(() => listener.close());
  return { client: request(`http://127.0.0.1:${listener.port}`), lines, port: listener.port };
}

describe('health', () => {
  it.each([
    [[true, true], false, 200, 200],
    [[false, true], false, 200, 200],
    [[false, false], false, 503, 500],
    [[true, true], true, 503, 200],
  ] as const)('sockets open %j, draining %j: readyz %d, healthcheck %d', async (open, draining, readyz, healthcheck) => {
    const { client } = await listen({ open: [...open], draining });
    expect((await client.get('/livez')).status).toBe(200);
    expect((await client.get('/readyz')).status).toBe(readyz);
    expect((await client.get('/healthcheck')).status).toBe(healthcheck);
  });

  it("has the official client's form", async () => {
    const { client } = await listen({ open: [true, false] });
    const { body } = await client.get('/healthcheck');
    expect(body).toHaveLength(2);
    expect(body[0]).toMatchObject({
      ok: true,
      websocketConnectionOpen: true,
      brokerServerUrl: 'https://broker.example',
      version: '1.2.3',
      transport: 'websocket',
    });
    expect(body[1].websocketConnectionOpen).toBe(false);
  });
});

describe('webhooks', () => {
  it('go on byte for byte, and the answer comes back', async () => {
    const seen: OutboundRequest[] = [];
    const { client, lines } = await listen({
      forward: async (outbound) => {
        seen.push(outbound);
        return { status: 202, headers: { 'content-type': 'text/plain', 'set-cookie': 'a=b' }, body: 'taken' };
      },
    });
    const body = '{ "odd":   "spacing", "ü": 1 }';
    const answer = await client
      .post('/webhook/bitbucket-server/7?x=1')
      .set({
        'content-type': 'application/json',
        'x-event-key': 'pr:opened',
        'x-request-id': 'r-1',
        cookie: 'a=b',
      })
      .send(body);
    expect([answer.status, answer.text, answer.headers['set-cookie']]).toEqual([202, 'taken', undefined]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/webhook/bitbucket-server/7?x=1',
      requestId: 'r-1',
    });
    expect(seen[0]?.body.toString()).toBe(body);
    expect(seen[0]?.headers).toMatchObject({
      'x-event-key': 'pr:opened',
      'content-type': 'application/json',
    });
    expect(
      Object.keys(seen[0]?.headers ?? {}).filter((name) =>
        /^(host|connection|cookie|content-length)$/.test(name),
      ),
    ).toEqual([]);
    expect(lines[0]).toMatchObject({ requestId: 'r-1', ruleId: 'hook', status: 202 });
  });

  it.each([
    ['post', '/webhook/other/7', 'no-rule'],
    ['get', '/webhook/bitbucket-server/7', 'method'],
    ['post', '/webhook/bitbucket-server/..%2f7', 'empty-segment|dot-segment'],
  ] as const)('are refused when no public rule allows them: %s %s', async (method, path, reason) => {
    let forwarded = 0;
    const { client } = await listen({
      forward: async () => {
        forwarded += 1;
        return { status: 200, headers: {}, body: '' };
      },
    });
    const answer = await client[method](path);
    expect(answer.status).toBe(401);
    expect(answer.body).toMatchObject({ code: 'FILTER_BLOCKED', reason: expect.stringMatching(reason) });
    expect(forwarded).toBe(0);
  });

  it('are told when the tunnel is down, and when this agent fails', async () => {
    const closed = await listen({ forward: () => Promise.reject(new AgentError('TUNNEL_CLOSED', 'closed')) });
    expect(await closed.client.post('/webhook/bitbucket-server/7')).toMatchObject({
      status: 503,
      body: { code: 'TUNNEL_CLOSED' },
    });
    const broken = await listen({ forward: () => Promise.reject(new TypeError('secret detail')) });
    const answer = await broken.client.post('/webhook/bitbucket-server/7');
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('secret detail');
  });

  it('are at most 1 MiB', async () => {
    const { client } = await listen({});
    const post = (size: number) =>
      client
        .post('/webhook/bitbucket-server/7')
        .set('content-type', 'application/json')
        .send('x'.repeat(size));
    expect((await post(1024 * 1024)).status).toBe(200);
    expect(await post(1024 * 1024 + 1)).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
  });
});

describe('what the body parser refuses', () => {
  it('is answered with a code and logged', async () => {
    const { client, lines } = await listen({});
    const answer = await client.post('/webhook/bitbucket-server/7').set('content-encoding', 'gzip').send('x');
    expect([answer.status, answer.body.code]).toEqual([415, 'UNSUPPORTED_ENCODING']);
    expect(lines).toMatchObject([
      { method: 'POST', reason: 'UNSUPPORTED_ENCODING', status: 415, code: 'UNSUPPORTED_ENCODING' },
    ]);
  });
});

describe('the public port', () => {
  it('has nothing else', async () => {
    const { client } = await listen({});
    for (const path of ['/', '/filters', '/metrics', '/webhooks', '/rest/api/1.0/projects']) {
      expect((await client.get(path)).status).toBe(404);
    }
  });

  it('says which variable to change when it cannot be opened', async () => {
    const { port } = await listen({});
    await expect(
      openListener({ port, name: 'PORT', tls: null, routes: [], log: silentLog }),
    ).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `PORT ${port} cannot be opened (EADDRINUSE).`,
      hint: expect.stringContaining('PORT'),
    });
  });
});
