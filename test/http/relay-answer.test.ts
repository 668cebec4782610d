import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startServer } from '../kit/http-server.ts';
import { endAll, expectSoon } from '../kit/way-out.ts';
import { answering, OK, rawRequest, sendRaw, startDesk, startRaw, TOKEN } from './relay-desk.ts';

afterEach(endAll);

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
