import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import { LoginPool } from '../../src/bitbucket/login-pool.ts';
import { withRetry } from '../../src/bitbucket/retry.ts';
import type { Login, Outgoing } from '../../src/bitbucket/send.ts';
import type { AgentError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { startServer } from '../kit/http-server.ts';
import { expectSoon } from '../kit/way-out.ts';

interface Reply {
  status: number;
  headers: Record<string, unknown>;
  body: Buffer;
  error: AgentError | null;
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const LIMITS = { connectMs: 500, firstByteMs: 300, idleMs: 300 };

function sender(limits = LIMITS, connections?: number) {
  const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
  closing.push(() => network.close());
  const send = withAuthorization(withRetry(createExchange(network, limits, connections)));
  return (request: Partial<Outgoing> & { origin: string }): Promise<Reply> =>
    new Promise((resolve) => {
      const reply: Reply = { status: 0, headers: {}, body: Buffer.alloc(0), error: null };
      const defaults = { path: '/', method: 'GET', headers: {}, body: null, login: null };
      send(
        { ...defaults, ...request },
        {
          head: (status, headers) => Object.assign(reply, { status, headers }),
          data: (chunk) => {
            reply.body = Buffer.concat([reply.body, chunk]);
            return true;
          },
          end: () => resolve(reply),
          failed: (error) => resolve({ ...reply, error }),
        },
      );
    });
}

async function listen(handler: RequestListener): Promise<string> {
  const server = await startServer(handler);
  closing.push(() => server.close());
  return server.origin;
}

/** A server that speaks raw bytes. */
async function listenTcp(handler: (socket: Socket, count: number) => void): Promise<string> {
  let count = 0;
  const sockets: Socket[] = [];
  const server: TcpServer = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    count += 1;
    handler(socket, count);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

function pool(...names: string[]): Login {
  return new LoginPool(
    names.map((name) => ({ name, authorization: `Bearer ${name}` })),
    silentLog,
  );
}

const refuse = (
  response: ServerResponse,
  exceptionName: string | null,
  headers: Record<string, string> = {},
) => {
  const body =
    exceptionName === null
      ? '<html>'
      : JSON.stringify({ errors: [{ context: null, message: 'no', exceptionName }] });
  response.writeHead(401, headers).end(body);
};

const loginOf = (request: IncomingMessage): string =>
  (request.headers.authorization ?? '').replace('Bearer ', '');

describe('sending to Bitbucket', () => {
  it('puts the path on the wire byte for byte', async () => {
    const seen: (string | undefined)[] = [];
    const origin = await listen((request, response) => {
      seen.push(request.url);
      response.end();
    });
    const send = sender();
    for (const path of ['/a/%2e%2e/b?x=..//y', '/%7Euser/a%20b', '/a/./b//c']) await send({ origin, path });
    expect(seen).toEqual(['/a/%2e%2e/b?x=..//y', '/%7Euser/a%20b', '/a/./b//c']);
  });

  it('never follows a redirect', async () => {
    const origin = await listen((_request, response) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    );
    expect(await sender()({ origin })).toMatchObject({
      status: 302,
      headers: { location: '/elsewhere' },
      error: null,
    });
  });

  it('names what is wrong when there is no answer', async () => {
    const send = sender();
    const silent = await listen(() => {});
    expect((await send({ origin: silent })).error).toMatchObject({ code: 'DOWNSTREAM_TIMEOUT' });
    const stuck = await listen((_request, response) => response.write('half'));
    expect(await send({ origin: stuck })).toMatchObject({
      status: 200,
      error: { code: 'DOWNSTREAM_TIMEOUT' },
    });
    const closed = await startServer(() => {});
    await closed.close();
    expect((await send({ origin: closed.origin })).error).toMatchObject({ code: 'DOWNSTREAM_UNREACHABLE' });
    expect((await send({ origin: 'http://bitbucket.invalid' })).error).toMatchObject({
      code: 'DOWNSTREAM_UNREACHABLE',
    });
    const garbage = await listenTcp((socket) => socket.end('SSH-2.0-nonsense\r\n'));
    expect((await send({ origin: garbage })).error).toMatchObject({ code: 'DOWNSTREAM_ERROR' });
    expect((await send({ origin: silent, headers: { 'bad header': 'x' } })).error).toMatchObject({
      code: 'BAD_REQUEST',
    });
  });

  it('lets no call wait for a connection longer than for an answer', async () => {
    const held: ServerResponse[] = [];
    const slow = await listen((_request, response) => {
      response.writeHead(200).write('half');
      held.push(response);
    });
    const send = sender({ connectMs: 500, firstByteMs: 500, idleMs: 60_000 }, 2);
    const ended: Reply[] = [];
    const replies = Array.from({ length: 5 }, () =>
      send({ origin: slow }).then((reply) => ended.push(reply)),
    );
    await expectSoon(() => ended.length === 3);
    expect(ended.map(({ status, error }) => [status, error?.code])).toEqual(
      Array(3).fill([0, 'DOWNSTREAM_TIMEOUT']),
    );
    expect(held).toHaveLength(2);
    for (const response of held) response.end();
    await Promise.all(replies);
    expect(ended.slice(3).map(({ status, error }) => [status, error])).toEqual(Array(2).fill([200, null]));
  });

  it('tells a body that is cut short', async () => {
    const origin = await listenTcp((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this'));
    });
    const reply = await sender()({ origin });
    expect(reply).toMatchObject({ status: 200, error: { code: 'DOWNSTREAM_ERROR' } });
    expect(reply.body.toString()).toBe('only this');
  });

  it('tells a body without a length that is cut short by a reset', async () => {
    const origin = await listenTcp((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonly this', () => socket.resetAndDestroy());
      });
    });
    expect(await sender()({ origin })).toMatchObject({ error: { code: 'DOWNSTREAM_ERROR' } });
  });

  it('sends a GET once more when its connection broke before any reply, and a POST never', async () => {
    let methods: string[] = [];
    const origin = await listenTcp((socket, count) => {
      socket.once('data', (bytes: Buffer) => {
        methods.push(String(bytes).split(' ')[0] as string);
        if (count % 2 === 1) socket.destroy();
        else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      });
    });
    const send = sender();
    expect(await send({ origin })).toMatchObject({ status: 200, error: null });
    expect(methods).toEqual(['GET', 'GET']);
    methods = [];
    expect(await send({ origin, method: 'POST' })).toMatchObject({ error: { code: 'DOWNSTREAM_ERROR' } });
    expect(methods).toEqual(['POST']);
  });
});

describe('credentials', () => {
  it.each([
    'com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException',
    'com.atlassian.bitbucket.auth.NoAccessAuthenticationException',
    'com.atlassian.stash.exception.IncorrectPasswordAuthenticationException',
    'com.atlassian.plugins.rest.api.security.exception.AuthenticationRequiredException',
    null,
  ])('rests a login that is none (%s) and answers with the next', async (exceptionName) => {
    const seen: string[] = [];
    const origin = await listen((request, response) => {
      seen.push(loginOf(request));
      if (loginOf(request) === 'bad') refuse(response, exceptionName);
      else response.end('fine');
    });
    const send = sender();
    const login = pool('bad', 'good');
    const replies = [
      await send({ origin, login }),
      await send({ origin, login }),
      await send({ origin, login }),
    ];
    expect(replies.map((reply) => [reply.status, String(reply.body)])).toEqual([
      [200, 'fine'],
      [200, 'fine'],
      [200, 'fine'],
    ]);
    expect(seen).toEqual(['bad', 'good', 'good', 'good']);
  });

  it.each([
    ['com.atlassian.bitbucket.AuthorisationException', {}],
    [null, { 'x-ausername': 'reader' }],
  ])('passes a missing permission on as it is (%s)', async (exceptionName, headers) => {
    const seen: string[] = [];
    const origin = await listen((request, response) => {
      seen.push(loginOf(request));
      refuse(response, exceptionName, headers);
    });
    const send = sender();
    const login = pool('a', 'b');
    expect(await send({ origin, login })).toMatchObject({ status: 401, error: null });
    expect(await send({ origin, login })).toMatchObject({ status: 401, error: null });
    expect(seen).toEqual(['a', 'b']);
  });

  it.each([
    ['com.atlassian.bitbucket.AuthorisationException', ['a', 'b']],
    ['com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException', ['a', 'b', 'b']],
  ])('reads a refusal that is packed (%s)', async (exceptionName, expected) => {
    const seen: string[] = [];
    const packed = gzipSync(JSON.stringify({ errors: [{ exceptionName }] }));
    const origin = await listen((request, response) => {
      seen.push(loginOf(request));
      response.writeHead(401, { 'content-encoding': 'gzip' }).end(packed);
    });
    const send = sender();
    const login = pool('a', 'b');
    expect((await send({ origin, login })).body.equals(packed)).toBe(true);
    await send({ origin, login });
    expect(seen).toEqual(expected);
  });

  it.each([
    ['that is none', Buffer.from('no gzip')],
    ['that comes to far too much', gzipSync(Buffer.alloc(50_000_000, 32))],
  ])('takes a packed refusal %s for one without words', async (_, body) => {
    const seen: string[] = [];
    const origin = await listen((request, response) => {
      seen.push(loginOf(request));
      if (seen.length > 1) response.end('fine');
      else response.writeHead(401, { 'content-encoding': 'gzip' }).end(body);
    });
    expect(await sender()({ origin, login: pool('a', 'b') })).toMatchObject({ status: 200 });
    expect(seen).toEqual(['a', 'b']);
  });

  it('never sends a POST twice, but rests its login', async () => {
    const seen: string[] = [];
    const origin = await listen((request, response) => {
      seen.push(loginOf(request));
      refuse(response, 'com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException');
    });
    const send = sender();
    const login = pool('a', 'b');
    const reply = await send({ origin, login, method: 'POST', body: Buffer.from('{}') });
    expect(reply.status).toBe(401);
    expect(String(reply.body)).toContain('IncorrectPassword');
    await send({ origin, login, method: 'POST' });
    expect(seen).toEqual(['a', 'b']);
  });

  it('hands on a 401 of any size whole, and rests its login all the same', async () => {
    const body = Buffer.alloc(300_000, 'x');
    const seen: string[] = [];
    const origin = await listen((request, response) => {
      seen.push(loginOf(request));
      response.writeHead(401).end(body);
    });
    const send = sender();
    const login = pool('a', 'b');
    const reply = await send({ origin, login });
    expect(reply.status).toBe(401);
    expect(reply.body.equals(body)).toBe(true);
    await send({ origin, login });
    await send({ origin, login });
    expect(seen).toEqual(['a', 'b', 'b']);
  });
});
