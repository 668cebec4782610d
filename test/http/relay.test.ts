import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startServer } from '../kit/http-server.ts';
import { atTheEnd, endAll, expectSoon } from '../kit/way-out.ts';
import { LIMITS, rawRequest, sendRaw, startDesk, startRaw, TOKEN } from './relay-desk.ts';

afterEach(endAll);

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Own: yes\r\n\r\nok';

/** Bitbucket answers every GET with "ok". */
async function plain(options: Partial<Parameters<typeof startDesk>[0]> = {}) {
  const bitbucket = await startRaw((socket, text) => {
    if (text.endsWith('\r\n\r\n')) socket.write(OK);
  });
  return { bitbucket, desk: await startDesk({ origin: bitbucket.origin, ...options }) };
}

/** Bitbucket answers with these bytes. */
async function answering(bytes: string, close = false) {
  const bitbucket = await startRaw((socket, text) => {
    if (!text.includes('\r\n\r\n')) return;
    if (close) socket.end(bytes, 'latin1');
    else socket.write(bytes, 'latin1');
  });
  return { bitbucket, desk: await startDesk({ origin: bitbucket.origin }) };
}

const lines = (text = '') => text.split('\r\n').filter((line) => line !== '');

describe('what goes on to Bitbucket', () => {
  it.each([
    '/users',
    '/users/%C3%BC/%7Ejane',
    '/users/a%20b',
    "/users/a'b(c)*d,e=f&g$h:i",
    '/users/a|b[c]',
    '/users/...',
    '/users/%41/',
    '/users?',
    '/users?x&&y=&=z?w',
    '/users?a=b//c/../d&e=%2F..%2F&f=%zz&g=%',
    '/users?u=https://x//..',
    '/users?q="<>^`{}|',
    '/RELAY/relay/users',
  ])('is the very target %s', async (target) => {
    const { bitbucket, desk } = await plain();
    const answer = await sendRaw(desk.port, rawRequest(`/relay${target}`));
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(lines(bitbucket.received[0])[0]).toBe(`GET ${target} HTTP/1.1`);
  });

  it('is the prepared head, to the last header', async () => {
    const { bitbucket, desk } = await plain();
    const headers = [
      'Accept: application/json',
      'X-Named: dropped',
      'Connection: x-named',
      'Keep-Alive: timeout=60',
      'Proxy-Authorization: Basic c3RvbGVu',
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: https',
      'Forwarded: for=192.0.2.1',
      'Cookie: a=b',
      'X-HTTP-Method-Override: DELETE',
      'TE: trailers',
      'Snyk-Acting-Org-Public-Id: x',
      'Snyk-Request-Id: r-1',
    ];
    await sendRaw(desk.port, rawRequest('/relay/users', { headers }));
    expect(lines(bitbucket.received[0])).toEqual([
      'GET /users HTTP/1.1',
      'accept: application/json',
      'snyk-request-id: r-1',
      'authorization: Bearer own-login',
      `host: ${new URL(bitbucket.origin).host}`,
      'Connection: keep-alive',
    ]);
    expect(bitbucket.received.join()).not.toContain(TOKEN);
  });

  it('is the same where the caller waits for 100 Continue', async () => {
    const { bitbucket, desk } = await plain();
    const headers = ['Expect: 100-continue', 'X-Forwarded-For: 192.0.2.1'];
    const answer = await sendRaw(desk.port, rawRequest('/relay/users', { headers }));
    expect(answer.status).toBe(100);
    expect(answer.body).toContain('HTTP/1.1 200 OK');
    expect(bitbucket.received.join()).not.toMatch(/expect|forwarded/i);
    expect(bitbucket.received.join()).not.toContain(TOKEN);
  });

  it.each([
    ['with a length', ['Content-Length: 11'], '{"a": "\u00fc\xff"}'],
    ['in chunks', ['Transfer-Encoding: chunked'], '6\r\n{"a": \r\n5\r\n"\u00fc\xff"}\r\n0\r\n\r\n'],
  ])('is the body byte for byte, sent %s', async (_how, headers, body) => {
    const bitbucket = await startRaw((socket, text) => {
      if (text.endsWith('"}')) socket.write(OK);
    });
    const desk = await startDesk({ origin: bitbucket.origin });
    const how = { method: 'POST', headers: [...headers, 'Content-Encoding: gzip'], body };
    expect((await sendRaw(desk.port, rawRequest('/relay/users', how))).status).toBe(200);
    const [head, sent] = bitbucket.received[0]?.split('\r\n\r\n') ?? [];
    expect(sent).toBe('{"a": "\u00fc\xff"}');
    expect(lines(head)).toEqual(expect.arrayContaining(['content-length: 11', 'content-encoding: gzip']));
    expect(head).not.toMatch(/transfer-encoding/i);
  });

  it('is no body with GET, which a server might take for the next request', async () => {
    const { bitbucket, desk } = await plain();
    const body = 'DELETE /all HTTP/1.1\r\n\r\n';
    const headers = [`Content-Length: ${body.length}`];
    expect((await sendRaw(desk.port, rawRequest('/relay/users', { headers, body }))).status).toBe(200);
    expect(bitbucket.received.join()).not.toMatch(/DELETE|content-length/i);
  });

  it('uses one connection for calls one after another', async () => {
    const { bitbucket, desk } = await plain();
    for (let count = 0; count < 5; count += 1) await sendRaw(desk.port, rawRequest('/relay/users'));
    expect(bitbucket.sockets).toHaveLength(1);
  });
});

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
});

describe("Bitbucket's answer", () => {
  it('comes back with its status, headers and bytes, but for its session and the headers of the way', async () => {
    const { desk } = await answering(
      'HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\n' +
        'X-Broker-Error-Type: made-up\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=1\r\n\r\n3\r\n\x1f\x8b\x00\r\n0\r\n\r\n',
    );
    const { status, head, body } = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect(status).toBe(302);
    expect(head).toMatch(/location: \/elsewhere/i);
    expect(head).toMatch(/content-encoding: gzip/i);
    expect(head).not.toMatch(/set-cookie|via|made-up|timeout=1/i);
    expect(body).toBe('3\r\n\x1f\x8b\x00\r\n0\r\n\r\n');
    expect(desk.records).toMatchObject([{ status: 302, bytes: 3 }]);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 512\r\n\r\n', 200, /content-length: 512/i],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204, /^(?!.*content-length)/is],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', 304, /etag: "x"/i],
  ])('has no body after %s %j', async (method, bytes, status, expected) => {
    const { desk } = await answering(bytes);
    const answer = await sendRaw(desk.port, rawRequest('/relay/users', { method }));
    expect([answer.status, answer.body]).toEqual([status, '']);
    expect(answer.head).toMatch(expected);
  });

  it.each([
    [403, 'DOWNSTREAM_FORBIDDEN'],
    [429, 'DOWNSTREAM_RATE_LIMITED'],
    [500, 'DOWNSTREAM_SERVER_ERROR'],
    [409, 'DOWNSTREAM_UNEXPECTED'],
  ])('%i is labelled %s', async (status, label) => {
    const { desk } = await answering(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\n{}`);
    const answer = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect(answer).toMatchObject({ status, body: '{}' });
    expect(answer.head).toContain(`x-broker-error-type: ${label}`);
  });

  it('that is cut short breaks the connection off', async () => {
    const { desk } = await answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', true);
    const reading = new Promise<string>((resolve) => {
      const headers = { authorization: `Bearer ${TOKEN}` };
      httpRequest(`${desk.url}/relay/users`, { headers }, (response) => {
        response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? '')).resume();
        response.on('end', () => resolve('end'));
      }).end();
    });
    expect(await reading).toBe('ECONNRESET');
    await expectSoon(() => desk.records.length > 0);
    expect(desk.records).toMatchObject([{ status: 0, code: 'DOWNSTREAM_ERROR' }]);
  });

  it.each([
    ['does not come', 504, 'DOWNSTREAM_TIMEOUT', ''],
    ['is not HTTP', 502, 'DOWNSTREAM_ERROR', 'SSH-2.0-nonsense\r\n\r\n'],
    ['is cut short in its head', 502, 'DOWNSTREAM_ERROR', 'HTTP/1.1 200 OK\r\nX-Half: '],
    ['has an endless head', 502, 'DOWNSTREAM_ERROR', `HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(40_000)}`],
    [
      'is an upgrade nobody asked for',
      502,
      'DOWNSTREAM_ERROR',
      'HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ],
  ])('that %s is %i %s', async (_what, status, code, bytes) => {
    const { desk } = await answering(bytes, bytes.endsWith(': '));
    const answer = await sendRaw(desk.port, rawRequest('/relay/users?x=1'));
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code, url: '/users?x=1' });
    expect(desk.records).toMatchObject([{ allowed: true, status, code }]);
  });

  it('that stops in the middle is broken off in time', async () => {
    const { bitbucket, desk } = await answering('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
    expect((await sendRaw(desk.port, rawRequest('/relay/users'))).body).toBe('half');
    await expectSoon(() => desk.records.length > 0);
    expect(desk.records).toMatchObject([{ status: 0, code: 'DOWNSTREAM_TIMEOUT' }]);
    await expectSoon(() => bitbucket.sockets[0]?.closed === true);
  });

  it('is 502 where nothing listens', async () => {
    const closed = await startServer(() => {});
    await closed.close();
    const desk = await startDesk({ origin: closed.origin });
    const answer = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([502, 'DOWNSTREAM_UNREACHABLE']);
    expect(desk.records).toMatchObject([{ cause: 'ECONNREFUSED' }]);
  });
});

describe('a kept connection that Bitbucket closes at that moment', () => {
  const server = () =>
    startRaw((socket, text) => {
      const requests = text.split('\r\n\r\n').length - 1;
      if (requests === 1) socket.write(OK);
      else socket.destroy();
    });

  it('costs a GET nothing', async () => {
    const bitbucket = await server();
    const desk = await startDesk({ origin: bitbucket.origin });
    for (let count = 0; count < 3; count += 1)
      expect((await sendRaw(desk.port, rawRequest('/relay/users'))).status).toBe(200);
    expect(bitbucket.sockets).toHaveLength(3);
  });

  it('is told of a POST, which may have been done', async () => {
    const bitbucket = await server();
    const desk = await startDesk({ origin: bitbucket.origin });
    const post = () => sendRaw(desk.port, rawRequest('/relay/users', { method: 'POST' }));
    expect((await post()).status).toBe(200);
    expect((await post()).status).toBe(502);
  });
});

describe('a login that Bitbucket does not know', () => {
  const BAD = JSON.stringify({
    errors: [{ exceptionName: 'com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException' }],
  });
  const refuse = (text: string) =>
    /authorization: Bearer stale\r\n/.test(text.split('\r\n\r\n').at(-2) ?? '');
  const server = () =>
    startRaw((socket, text) => {
      if (!text.endsWith('\r\n\r\n')) return;
      if (refuse(text)) socket.write(`HTTP/1.1 401 X\r\nContent-Length: ${BAD.length}\r\n\r\n${BAD}`);
      else socket.write(OK);
    });

  it("is not the caller's concern when there is another", async () => {
    const bitbucket = await server();
    const desk = await startDesk({ origin: bitbucket.origin, pool: ['stale', 'fresh'] });
    for (let count = 0; count < 3; count += 1)
      expect((await sendRaw(desk.port, rawRequest('/relay/users'))).status).toBe(200);
    expect(bitbucket.received.join().match(/Bearer stale/g)).toHaveLength(1);
  });

  it('is a labelled 401 when there is none', async () => {
    const bitbucket = await server();
    const desk = await startDesk({ origin: bitbucket.origin, pool: ['stale'] });
    const answer = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect([answer.status, answer.body]).toEqual([401, BAD]);
    expect(answer.head).toContain('x-broker-error-type: DOWNSTREAM_UNAUTHORIZED');
  });
});

describe('limits', () => {
  it('a body of 10 MiB passes, a longer one is 413 with a length and without', async () => {
    const sizes: number[] = [];
    const bitbucket = await startServer((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on('end', () => {
        sizes.push(size);
        response.end();
      });
    });
    atTheEnd(() => bitbucket.close());
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 10_000 } });
    const post = (size: number, chunked: boolean) =>
      new Promise<number>((resolve) => {
        const headers = {
          authorization: `Bearer ${TOKEN}`,
          ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': size }),
        };
        httpRequest(`${desk.url}/relay/x`, { method: 'POST', headers, agent: false }, (response) => {
          response.on('error', () => {}).resume();
          resolve(response.statusCode ?? 0);
        })
          .on('error', () => resolve(-1))
          .end(Buffer.alloc(size));
      });
    const limit = 10 * 1024 * 1024;
    expect(await post(limit, false)).toBe(200);
    expect(await post(limit, true)).toBe(200);
    // A caller that goes on sending may see its connection reset before it has read the answer.
    expect([413, -1]).toContain(await post(limit + 1, false));
    expect([413, -1]).toContain(await post(limit + 1, true));
    await expectSoon(() => desk.records.length === 4);
    expect(desk.records.slice(2).map(({ reason }) => reason)).toEqual([
      'PAYLOAD_TOO_LARGE',
      'PAYLOAD_TOO_LARGE',
    ]);
    expect(sizes).toEqual([limit, limit]);
  });

  it('bodies of more than 64 MiB at the same time are not held: one caller is told BUSY, six are served', async () => {
    const bitbucket = await startServer((request, response) => {
      request.on('end', () => response.end()).resume();
    });
    atTheEnd(() => bitbucket.close());
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 10_000 } });
    const size = 10 * 1024 * 1024;
    const sockets = Array.from({ length: 7 }, () => {
      const socket = connect(desk.port, '127.0.0.1').on('error', () => {});
      socket.resume().write(rawRequest('/relay/x', { method: 'POST', headers: [`Content-Length: ${size}`] }));
      socket.write(Buffer.alloc(size - 1));
      return socket;
    });
    atTheEnd(() => {
      for (const socket of sockets) socket.destroy();
    });
    await expectSoon(() => desk.records.length === 1);
    for (const socket of sockets) socket.write('x');
    await expectSoon(() => desk.records.length === 7);
    expect(desk.records.map(({ status }) => status)).toEqual([503, 200, 200, 200, 200, 200, 200]);
    expect(desk.records[0]).toMatchObject({ allowed: false, reason: 'BUSY' });
  });

  it('call 257 at the same time is 503 BUSY', async () => {
    const bitbucket = await startRaw(() => {});
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 30_000 } });
    const sockets = Array.from({ length: 256 }, () => {
      const socket = connect(desk.port, '127.0.0.1').on('error', () => {});
      socket.write(rawRequest('/relay/users'));
      return socket;
    });
    atTheEnd(() => {
      for (const socket of sockets) socket.destroy();
    });
    await expectSoon(() => bitbucket.received.filter((text) => text !== '').length === 256);
    const answer = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, 'BUSY']);
  });
});

describe('back-pressure', () => {
  it('brings 256 MiB through without holding them, and a caller that leaves ends the call at Bitbucket', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 7);
    const wanted = 256 * chunk.length;
    let written = 0;
    let gone = false;
    const bitbucket = await startServer((_request, response) => {
      response.writeHead(200, { 'content-length': wanted });
      const more = () => {
        while (written < wanted) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      response.on('close', () => {
        gone = !response.writableFinished;
      });
      more();
    });
    atTheEnd(() => bitbucket.close());
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, idleMs: 20_000 } });
    const open = async () => {
      const sent = httpRequest(`${desk.url}/relay/x`, {
        headers: { authorization: `Bearer ${TOKEN}` },
        agent: false,
      });
      sent.on('error', () => {}).end();
      const [response] = await once(sent, 'response');
      response.on('error', () => {});
      return response;
    };
    const held = await open();
    await expectSoon(() => desk.records.length === 0 && written > 0);
    // What nobody reads fills the buffers of four sockets and no more.
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(64 * chunk.length);
    let read = 0;
    for await (const piece of held) read += piece.length;
    expect(read).toBe(wanted);
    written = 0;
    const left = await open();
    await once(left, 'readable');
    left.destroy();
    await expectSoon(() => gone && desk.records.length === 2);
    expect(desk.records[1]).toMatchObject({ status: 0, code: 'ANSWER_LOST' });
  });
});

describe('draining', () => {
  it('takes no more calls, and waits for those under way', async () => {
    let release = () => {};
    const bitbucket = await startRaw((socket) => {
      release = () => socket.write(OK);
    });
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 30_000 } });
    const first = sendRaw(desk.port, rawRequest('/relay/users'));
    await expectSoon(() => bitbucket.received.length === 1);
    const drained = desk.road.drain(30_000);
    expect((await sendRaw(desk.port, rawRequest('/relay/users'))).status).toBe(503);
    release();
    expect((await first).status).toBe(200);
    await drained;
  });

  it('answers with STOPPING what takes too long', async () => {
    const bitbucket = await startRaw(() => {});
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 30_000 } });
    const first = sendRaw(desk.port, rawRequest('/relay/users'));
    await expectSoon(() => bitbucket.received.length === 1);
    await desk.road.drain(0);
    expect(await first).toMatchObject({ status: 503, body: expect.stringContaining('STOPPING') });
  });
});
