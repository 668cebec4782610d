import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { CallRecord } from '../../src/call.ts';
import { Secret } from '../../src/config/secret.ts';
import { AgentError } from '../../src/errors.ts';
import { openListener } from '../../src/http/listener.ts';
import { type WebhookEvent, type WebhookOptions, webhookRoutes } from '../../src/http/webhook.ts';
import { WebhookRoom } from '../../src/http/webhook-room.ts';
import { silentLog } from '../../src/log.ts';
import { loadRules } from '../../src/rules/compile.ts';
import type { OutboundRequest } from '../../src/tunnel/outbound.ts';
import { expectSoon } from '../kit/way-out.ts';

const HOOK = '/webhook/bitbucket-server/7';
const RULES = `{"private": [], "public": [{"id": "hook", "method": "POST", "path": "/webhook/bitbucket-server/:id"}]}`;

/** As Bitbucket signed it: the bytes, the secret and the signature were recorded. */
const RECORDED = {
  secret: '71295b197fa25f4356d2fb9965df3f2379d903d7',
  signature: 'sha256=c90565fa018f3039414a7929c9187a147f1ac463076961c4cf411e3c67c541f8',
  body: JSON.stringify(
    {
      eventKey: 'repo:refs_changed',
      date: '2018-07-05T18:22:00+0000',
      actor: {
        name: 'jcitizen',
        emailAddress: 'jane@example.com',
        id: 1,
        displayName: 'Jane Citizen',
        active: true,
        slug: 'jcitizen',
        type: 'NORMAL',
      },
      repository: {
        slug: 'my-repo',
        id: 1,
        name: 'my-repo',
        scmId: 'git',
        state: 'AVAILABLE',
        statusMessage: 'Available',
        forkable: true,
        project: { key: 'PRJ', id: 2, name: 'PRJ', public: false, type: 'NORMAL' },
        public: false,
      },
      changes: [
        {
          ref: { id: 'refs/heads/master', displayId: 'master', type: 'BRANCH' },
          refId: 'refs/heads/master',
          fromHash: '5c64a07cd6c0f21b753bf261ef059c7e7633c50a',
          toHash: '823b2230a56056231c9425d63758fa87078a66b4',
          type: 'UPDATE',
        },
      ],
    },
    null,
    2,
  ),
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function rules() {
  const loaded = loadRules(RULES, 'accept.json', {
    variable: () => undefined,
    bitbucket: { scheme: 'https', host: 'bitbucket.example' },
    allowWrites: false,
  });
  if (loaded.rules === null) throw new Error('the list of this test is broken');
  return loaded.rules;
}

/** The public port with webhooks, and what came of them. */
async function listen(options: Partial<WebhookOptions> & { withSecret?: string } = {}) {
  const { withSecret, ...rest } = options;
  const forwarded: OutboundRequest[] = [];
  const records: CallRecord[] = [];
  const events: WebhookEvent[] = [];
  const routes = webhookRoutes({
    rules: rules(),
    secret: withSecret === undefined ? null : new Secret(withSecret),
    forward: async (outbound) => {
      forwarded.push(outbound);
      return { status: 202, headers: {}, body: 'taken' };
    },
    record: (record) => void records.push(record),
    onEvent: (event) => void events.push(event),
    ...rest,
  });
  const listener = await openListener({ port: 0, name: 'PORT', tls: null, routes: [routes], log: silentLog });
  closing.push(() => listener.close());
  const post = async (body: string | Buffer, headers: readonly string[] = [], path = HOOK) => {
    const url = `http://127.0.0.1:${listener.port}${path}`;
    const answer = await request(url, { method: 'POST', body, headers: [...headers] });
    return { status: answer.statusCode, text: await answer.body.text() };
  };
  return { post, forwarded, records, events, port: listener.port };
}

const signed = (body: string | Buffer, secret: string, algorithm = 'sha256') =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;

describe('a webhook that cannot be read', () => {
  it('is recorded once, as it was answered', async () => {
    const { post, records } = await listen();
    expect((await post('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
    expect((await post('x', ['content-encoding', 'gzip'])).status).toBe(415);
    expect(records).toMatchObject([
      { allowed: false, ruleId: null, path: HOOK, reason: 'PAYLOAD_TOO_LARGE', status: 413 },
      { allowed: false, ruleId: null, path: HOOK, reason: 'UNSUPPORTED_ENCODING', status: 415 },
    ]);
  });
});

describe('the signature of a webhook', () => {
  it("is right as Bitbucket's own, and goes on with the bytes it was made of", async () => {
    const { post, forwarded, records } = await listen({ withSecret: RECORDED.secret });
    const { status } = await post(RECORDED.body, ['x-hub-signature', RECORDED.signature]);
    expect(status).toBe(202);
    expect(forwarded).toHaveLength(1);
    expect(forwarded[0]?.body.toString()).toBe(RECORDED.body);
    expect(forwarded[0]?.headers['x-hub-signature']).toBe(RECORDED.signature);
    expect(records).toMatchObject([{ allowed: true, ruleId: 'hook', reason: 'allowed', status: 202 }]);
  });

  it('is of the bytes, whatever they are', async () => {
    const { post } = await listen({ withSecret: 'hook-secret' });
    for (const body of [Buffer.alloc(0), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))]) {
      expect((await post(body, ['x-hub-signature', signed(body, 'hook-secret')])).status).toBe(202);
    }
  });

  const { body, secret, signature } = RECORDED;
  const hex = signature.slice('sha256='.length);
  it.each([
    ['missing', [], 'signature-missing'],
    ['empty', ['x-hub-signature', ''], 'signature-malformed'],
    ['of an older algorithm', ['x-hub-signature', signed(body, secret, 'sha1')], 'signature-malformed'],
    ['without its algorithm', ['x-hub-signature', hex], 'signature-malformed'],
    ['in upper case', ['x-hub-signature', `sha256=${hex.toUpperCase()}`], 'signature-malformed'],
    ['too short', ['x-hub-signature', signature.slice(0, -2)], 'signature-malformed'],
    ['too long', ['x-hub-signature', `${signature}00`], 'signature-malformed'],
    ['two in one header', ['x-hub-signature', `${signature}, ${signature}`], 'signature-malformed'],
    ['two headers', ['x-hub-signature', signature, 'X-Hub-Signature', signature], 'signature-repeated'],
    ["another secret's", ['x-hub-signature', signed(body, 'another')], 'signature-wrong'],
    [
      'of the same JSON in other bytes',
      ['x-hub-signature', signed(JSON.stringify(JSON.parse(body)), secret)],
      'signature-wrong',
    ],
    ['in the header of Cloud', ['x-hub-signature-256', signature], 'signature-missing'],
  ])('is refused when it is %s', async (_what, headers, reason) => {
    const { post, forwarded, records, events } = await listen({ withSecret: secret });
    const answer = await post(body, headers);
    expect({ status: answer.status, ...JSON.parse(answer.text) }).toEqual({
      status: 401,
      code: 'SIGNATURE_INVALID',
      message: 'X-Hub-Signature is not as it should be.',
    });
    expect({ forwarded, events }).toEqual({ forwarded: [], events: [] });
    expect(records).toMatchObject([
      { allowed: false, ruleId: null, reason, status: 401, code: 'SIGNATURE_INVALID', bytes: 928 },
    ]);
  });

  it('tells nobody of itself whom the accept list refuses', async () => {
    const { post } = await listen({ withSecret: secret });
    const refused = (headers: readonly string[]) => post(body, headers, '/webhook/other/7');
    const right = await refused(['x-hub-signature', signature]);
    expect(right).toMatchObject({ status: 401, text: expect.stringContaining('FILTER_BLOCKED') });
    expect(await refused(['x-hub-signature', signed(body, 'another')])).toEqual(right);
  });

  it('is not asked for without a secret', async () => {
    const { post, forwarded } = await listen();
    expect((await post(body, ['x-hub-signature', 'sha1=00'])).status).toBe(202);
    expect(forwarded[0]?.headers['x-hub-signature']).toBe('sha1=00');
  });
});

describe('a ping', () => {
  const PING = ['x-event-key', 'diagnostics:ping'];

  it('is answered here, once list and signature have let it through', async () => {
    const { post, forwarded, records, events } = await listen({ withSecret: 's' });
    const body = '{"test": true}';
    const right = [...PING, 'x-hub-signature', signed(body, 's')];
    expect(await post(body, right)).toEqual({ status: 200, text: '{"ok":true}' });
    expect((await post(body, PING)).status).toBe(401);
    expect((await post(body, right, '/webhook/other/7')).status).toBe(401);
    expect({ forwarded, events }).toEqual({ forwarded: [], events: [] });
    expect(records.map(({ reason, status }) => `${reason} ${status}`)).toEqual([
      'ping 200',
      'signature-missing 401',
      'no-rule 401',
    ]);
  });

  it.each([
    ['a body that looks like one', '{"test": true}', []],
    [
      'a body that calls itself one',
      '{"eventKey": "diagnostics:ping"}',
      ['x-event-key', 'repo:refs_changed'],
    ],
    ['another spelling', '{"test": true}', ['x-event-key', 'Diagnostics:Ping']],
    ['two keys', '{"test": true}', [...PING, ...PING]],
  ])('is known by its header alone: %s goes on', async (_what, body, headers) => {
    const { post, forwarded } = await listen();
    expect((await post(body, headers)).status).toBe(202);
    expect(forwarded.map((one) => one.body.toString())).toEqual([body]);
  });
});

describe('an event', () => {
  it('is told with its key and its bytes, also when Snyk did not take it', async () => {
    const body = Buffer.from([0xff, 0x00, 0x7b]);
    const good = await listen();
    await good.post(body, ['x-event-key', 'repo:modified']);
    await good.post('{}');
    expect(good.events.map(({ key, body: bytes }) => [key, [...bytes]])).toEqual([
      ['repo:modified', [...body]],
      ['', [0x7b, 0x7d]],
    ]);
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const bad = await listen({
      forward: () => Promise.reject(new AgentError('API_UNREACHABLE', 'gone', { cause })),
    });
    expect((await bad.post(body, ['x-event-key', 'repo:modified'])).status).toBe(502);
    expect(bad.events).toHaveLength(1);
    expect(bad.records).toMatchObject([{ code: 'API_UNREACHABLE', cause: 'ECONNREFUSED', status: 502 }]);
  });

  it('goes on without what only proxies and brokers may say', async () => {
    const { post, forwarded } = await listen();
    const names = ['x-broker-token', 'x-snyk-broker', 'snyk-request-id', 'x-forwarded-for', 'cookie'];
    await post('{}', names.flatMap((name) => [name, 'forged']).concat('x-event-key', 'pr:opened'));
    expect(Object.keys(forwarded[0]?.headers ?? {})).toEqual(['x-event-key']);
  });

  it('whose body is not taken is recorded all the same', async () => {
    const { post, records, port, forwarded } = await listen();
    await post('x'.repeat(1024 * 1024 + 1));
    await post('x', ['content-encoding', 'gzip']);
    const caller = connect(port, '127.0.0.1').on('error', () => {});
    caller.write(`POST ${HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf`);
    await once(caller, 'ready');
    caller.end();
    await expectSoon(() => records.length === 3);
    expect(records.map(({ allowed, reason, status, path }) => [allowed, reason, status, path])).toEqual([
      [false, 'PAYLOAD_TOO_LARGE', 413, HOOK],
      [false, 'UNSUPPORTED_ENCODING', 415, HOOK],
      [false, 'BAD_REQUEST', 0, HOOK],
    ]);
    expect(forwarded).toEqual([]);
  });

  it('whose sender did not wait is recorded with no answer, and is told', async () => {
    const taken = Promise.withResolvers<void>();
    const { records, port, events } = await listen({
      forward: async () => {
        caller.destroy();
        await taken.promise;
        return { status: 200, headers: {}, body: '' };
      },
    });
    const caller = connect(port, '127.0.0.1').on('error', () => {});
    caller.on('close', () => setTimeout(taken.resolve, 50));
    caller.write(`POST ${HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`);
    await expectSoon(() => records.length === 1);
    expect(records).toMatchObject([{ allowed: true, reason: 'allowed', status: 0, code: 'ANSWER_LOST' }]);
    expect(events).toHaveLength(1);
  });

  it("is taken, whatever Snyk's answer has in its headers", async () => {
    const { post, records } = await listen({
      forward: async () => ({
        status: 200,
        headers: { 'content-type': 'text/pl\u0119in\r\nx: y' },
        body: 'ok',
      }),
    });
    expect(await post('{}')).toEqual({ status: 200, text: 'ok' });
    expect(records).toMatchObject([{ status: 200 }]);
  });

  it.each([
    [true, { query: 'a=1&token=x' }],
    [false, {}],
  ])('is recorded with its query only where that is asked for: %s', async (keepQuery, query) => {
    const { post, records } = await listen({ keepQuery });
    await post('{}', [], `${HOOK}?a=1&token=x`);
    expect(records).toHaveLength(1);
    const [{ path, ...record } = { path: '' }] = records;
    expect(path).toBe(HOOK);
    expect('query' in record ? { query: record.query } : {}).toEqual(query);
  });
});

describe('many webhooks at once', () => {
  it.each([
    ['too many', { webhooks: 2, bytes: 1_000_000 }],
    ['too large together', { webhooks: 100, bytes: 45 }],
  ])('%s: the next one is refused until there is room again', async (_what, size) => {
    const held = Promise.withResolvers<void>();
    const here = Promise.withResolvers<void>();
    let arrived = 0;
    const { post, records } = await listen({
      room: new WebhookRoom(size),
      forward: async () => {
        arrived += 1;
        if (arrived === 2) here.resolve();
        await held.promise;
        return { status: 200, headers: {}, body: '' };
      },
    });
    const body = 'x'.repeat(20);
    const first = [post(body), post(body)];
    await here.promise;
    const refused = await post(body);
    expect({ status: refused.status, ...JSON.parse(refused.text) }).toMatchObject({
      status: 503,
      code: 'TOO_MANY_WEBHOOKS',
    });
    held.resolve();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await post(body)).status).toBe(200);
    expect(records[0]).toMatchObject({ allowed: false, reason: 'TOO_MANY_WEBHOOKS', status: 503, bytes: 0 });
  });

  it('who sends nothing of a long body keeps nobody out', async () => {
    const { post, port } = await listen({ room: new WebhookRoom({ webhooks: 4, bytes: 1_000_000 }) });
    const silent = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'));
    closing.push(() => silent.forEach((socket) => void socket.destroy()));
    const head = `POST ${HOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`;
    await Promise.all(
      silent.map(async (socket) =>
        once(
          socket.on('error', () => {}),
          'connect',
        ),
      ),
    );
    for (const socket of silent) socket.write(head);
    for (let times = 0; times < 3; times += 1) expect((await post('x')).status).toBe(202);
  });

  it('a refused body gives its room back', async () => {
    const { post } = await listen({ room: new WebhookRoom({ webhooks: 1, bytes: 2_000_000 }) });
    for (let times = 0; times < 3; times += 1) {
      expect((await post('x'.repeat(1024 * 1024 + 1))).status).toBe(413);
      expect((await post('x', ['content-encoding', 'gzip'])).status).toBe(415);
      expect((await post('x', [], '/webhook/other/7')).status).toBe(401);
      expect((await post('x')).status).toBe(202);
    }
  });
});
