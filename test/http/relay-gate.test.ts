import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { atTheEnd, endAll } from '../kit/way-out.ts';
import { OK, plain, rawRequest, sendRaw, startDesk, startRaw, TOKEN } from './relay-desk.ts';

afterEach(endAll);

describe('the gate', () => {
  it.each([
    ['/relay/projects/%2e%2e/admin', 'dot-segment'],
    ['/relay/projects/..%2fadmin', 'dot-segment'],
    ['/relay/../admin', 'dot-segment'],
    ['/relay//admin', 'empty-segment'],
    ['/relay/a//b', 'empty-segment'],
    ['/relay/a;x=1/b', 'path-parameter'],
    ['/relay/a%252fb', 'encoded-percent'],
    ['/relay/a\\b', 'backslash'],
    ['/relay/users#/x', 'fragment'],
    ['/relay/%zz', 'malformed-percent'],
    ['/relay/%c0%ae', 'invalid-utf8'],
    ['/relay/a%2fb', 'encoded-slash'],
  ])('refuses %s: %s', async (target, reason) => {
    const { bitbucket, desk } = await plain();
    const answer = await sendRaw(desk.port, rawRequest(target));
    expect(answer.status).toBe(401);
    expect(answer.head).toContain('x-broker-error-type: FILTER_BLOCKED');
    const url = target.slice('/relay'.length);
    expect(JSON.parse(Buffer.from(answer.body, 'latin1').toString())).toEqual({
      code: 'FILTER_BLOCKED',
      message: 'blocked',
      reason,
      url,
    });
    expect(bitbucket.received).toEqual([]);
    expect(desk.records).toMatchObject([{ allowed: false, reason, status: 401, code: 'FILTER_BLOCKED' }]);
  });

  it.each([
    '/Relay/users',
    '/%72elay/users',
    '/relayusers',
    '/relay',
    '/relay?/users',
    '/x/../relay/users',
    '//relay/users',
    'http://relay.example/relay/users',
    '/',
  ])('is not asked at all by %s, which is 404', async (target) => {
    const { bitbucket, desk } = await plain();
    expect((await sendRaw(desk.port, rawRequest(target))).status).toBe(404);
    expect([bitbucket.received, desk.records]).toEqual([[], []]);
  });

  it.each(['TRACE', 'PATCH', 'OPTIONS'])('refuses %s, for which there is no rule', async (method) => {
    const { bitbucket, desk } = await plain();
    expect((await sendRaw(desk.port, rawRequest('/relay/users', { method }))).status).toBe(401);
    expect(desk.records).toMatchObject([{ reason: 'method' }]);
    expect(bitbucket.received).toEqual([]);
  });

  it('never sees a raw byte over 0x7E, which is 400', async () => {
    const { bitbucket, desk } = await plain();
    expect((await sendRaw(desk.port, rawRequest('/relay/users/\xfc'))).status).toBe(400);
    expect([bitbucket.received, desk.records]).toEqual([[], []]);
  });

  it('breaks CONNECT off and refuses an upgrade', async () => {
    const { bitbucket, desk } = await plain();
    expect((await sendRaw(desk.port, rawRequest('/relay/users', { method: 'CONNECT' }))).status).toBe(0);
    const text = rawRequest('/relay/users', { headers: ['Upgrade: websocket'] }).replace(
      'Connection: close',
      'Connection: upgrade, close',
    );
    expect((await sendRaw(desk.port, text)).status).toBe(400);
    expect(bitbucket.received).toEqual([]);
  });

  it('holds body conditions against the bytes that are sent', async () => {
    const rule = {
      method: 'POST',
      path: '/x',
      origin: 'https://${BITBUCKET}',
      valid: [{ path: 'kind', value: 'ok' }],
    };
    const bitbucket = await startRaw((socket, text) => {
      if (text.endsWith('}')) socket.write(OK);
    });
    const desk = await startDesk({ origin: bitbucket.origin, rules: [rule] });
    const post = (body: string) =>
      sendRaw(
        desk.port,
        rawRequest('/relay/x', { method: 'POST', headers: [`Content-Length: ${body.length}`], body }),
      );
    expect((await post('{"kind": "no"}')).status).toBe(401);
    expect(bitbucket.received).toEqual([]);
    expect((await post('{"kind":  "ok"}')).status).toBe(200);
    expect(bitbucket.received[0]).toMatch(/\r\n\r\n\{"kind": {2}"ok"\}$/);
  });

  it.each(['PAUSED', 'AUDIT_UNAVAILABLE'] as const)('answers 503 %s while it is closed', async (code) => {
    const { bitbucket, desk } = await plain({ closed: () => code });
    const answer = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, code]);
    expect(desk.records).toMatchObject([{ allowed: false, reason: code, status: 503, code }]);
    expect(bitbucket.received).toEqual([]);
  });
});

describe('the token', () => {
  it.each([
    ['none', undefined],
    ['an empty one', 'Bearer '],
    ['a wrong one', 'Bearer wrong'],
    ['a longer one', `Bearer ${TOKEN}x`],
    ['another scheme', `Basic ${TOKEN}`],
    ['two', `Bearer x ${TOKEN}`],
    ['the bare token', TOKEN],
  ])('is asked for before anything else: %s', async (_which, authorization) => {
    const { bitbucket, desk } = await plain({ closed: () => 'PAUSED' });
    const text = rawRequest('/relay/../x').replace(
      `Authorization: Bearer ${TOKEN}\r\n`,
      authorization === undefined ? '' : `Authorization: ${authorization}\r\n`,
    );
    const answer = await sendRaw(desk.port, text);
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([401, 'UNAUTHORIZED']);
    expect(answer.head).toMatch(/^www-authenticate: Bearer$/im);
    expect(desk.records).toMatchObject([
      { allowed: false, ruleId: null, reason: 'UNAUTHORIZED', status: 401 },
    ]);
    expect(bitbucket.received).toEqual([]);
  });

  it('is not waited for with a body unread', async () => {
    const { desk } = await plain();
    const socket = connect(desk.port, '127.0.0.1');
    atTheEnd(() => socket.destroy());
    socket.on('error', () => {});
    socket.write('POST /relay/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\nx');
    const [first] = await once(socket, 'data');
    expect(String(first)).toMatch(/^HTTP\/1\.1 401 [\s\S]*connection: close/i);
    if (!socket.closed) await once(socket, 'close');
  });

  it('is asked for once a connection: a stranger cannot fill it with calls, nor take up places by not reading', async () => {
    const { desk } = await plain();
    const text = rawRequest('/relay/users').replace(TOKEN, 'wrong').replace('Connection: close\r\n', '');
    const answer = await sendRaw(desk.port, text.repeat(3));
    expect([answer.status, answer.body.includes('HTTP/1.1')]).toEqual([401, false]);
    expect(answer.head).toMatch(/^connection: close$/im);
  });
});
