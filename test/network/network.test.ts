import { createServer, type Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Dispatcher } from 'undici';
import { Secret } from '../../src/config/secret.ts';
import type { DispatcherOptions } from '../../src/network/network.ts';
import {
  authority,
  codeOf,
  endAll,
  expectSoon,
  failure,
  LOGIN,
  listen,
  mute,
  network,
  proxy,
} from '../kit/way-out.ts';

const LIMITS: DispatcherOptions = { connectTimeoutMs: 5_000, keepAliveMs: 10_000 };
/** Paths that a URL parser would rewrite. */
const RAW_PATHS = ['/a/%2e%2e/b', '/a/../b', '/a//b/./c', '/a;x=..;/b?q=a//b/../c&r=%2F', '/x?y=\'"<>|^`{}'];

afterEach(endAll);

interface Seen {
  readonly url: string | undefined;
  readonly host: string | undefined;
  readonly proxyAuthorization: string | undefined;
}

/** Answers with what it saw of the request. */
function mirror(scheme: 'http' | 'https'): Server {
  const server =
    scheme === 'http' ? createServer() : createTlsServer(authority.issue(['localhost', '127.0.0.1']));
  return server.on('request', ({ url, headers }, response) => {
    const seen: Seen = { url, host: headers.host, proxyAuthorization: headers['proxy-authorization'] };
    response.end(JSON.stringify(seen));
  });
}

async function ask(dispatcher: Dispatcher, path: string): Promise<Seen> {
  const answer = await dispatcher.request({ path, method: 'GET', headers: { accept: 'application/json' } });
  expect(answer.statusCode).toBe(200);
  return (await answer.body.json()) as Seen;
}

describe('the choice of a proxy', () => {
  const config = {
    httpProxy: new Secret('http://plain:1'),
    httpsProxy: new Secret('http://secure:2'),
    noProxy: ['inside.example'],
  };

  it.each([
    ['http://x.example', 'http://plain:1'],
    ['ws://x.example', 'http://plain:1'],
    ['https://x.example', 'http://secure:2'],
    ['wss://x.example', 'http://secure:2'],
    ['https://inside.example', null],
    ['ws://git.inside.example', null],
  ])('%s goes by %s', (url, expected) => {
    expect(network(config).proxyFor(url)).toBe(expected);
  });

  it('is none when none is set', () => {
    expect(network().proxyFor('https://x.example')).toBeNull();
  });
});

describe.each(['http', 'https'] as const)('a dispatcher to an %s origin', (scheme) => {
  const kind = scheme === 'http' ? 'absolute' : 'connect';
  const proxied = (url: string) => ({ [`${scheme}Proxy`]: new Secret(url), extraCa: [authority.ca] });

  it.each(RAW_PATHS)('sends the path %s untouched when direct', async (path) => {
    const port = await listen(mirror(scheme));
    const dispatcher = network({ extraCa: [authority.ca] }).dispatcher(
      `${scheme}://localhost:${port}`,
      LIMITS,
    );
    expect(await ask(dispatcher, path)).toEqual({ url: path, host: `localhost:${port}` });
  });

  it.each(RAW_PATHS)('sends the path %s untouched through a proxy with a password', async (path) => {
    const port = await listen(mirror(scheme));
    const between = await proxy(LOGIN);
    const origin = `${scheme}://localhost:${port}`;
    const dispatcher = network(proxied(between.url)).dispatcher(origin, LIMITS);
    expect(await ask(dispatcher, path)).toEqual({ url: path, host: `localhost:${port}` });
    const target = kind === 'absolute' ? `${origin}${path}` : `localhost:${port}`;
    expect(between.requests).toEqual([{ kind, target, authorized: true }]);
  });

  it('reaches a proxy that itself speaks TLS', async () => {
    const port = await listen(mirror(scheme));
    const between = await proxy({ ...LOGIN, tls: authority.issue(['localhost']) });
    const dispatcher = network(proxied(between.url)).dispatcher(`${scheme}://127.0.0.1:${port}`, LIMITS);
    expect((await ask(dispatcher, '/x')).url).toBe('/x');
    expect(between.requests).toMatchObject([{ kind, authorized: true }]);
  });

  it('fails when the proxy refuses the login, and asks the origin nothing', async () => {
    let reached = 0;
    const port = await listen(mirror(scheme).on('request', () => (reached += 1)));
    const between = await proxy(LOGIN);
    const wrong = between.url.replace('%25@', '@');
    const dispatcher = network(proxied(wrong)).dispatcher(`${scheme}://localhost:${port}`, LIMITS);
    expect(await failure(dispatcher.request({ path: '/x', method: 'GET' }))).toBeInstanceOf(Error);
    expect(between.requests).toMatchObject([{ kind, authorized: false }]);
    expect(reached).toBe(0);
  });

  it('keeps connections to the number given, also through a proxy', async () => {
    const waiting: (() => void)[] = [];
    const server = scheme === 'http' ? createServer() : createTlsServer(authority.issue(['localhost']));
    const ports = new Set<number | undefined>();
    server.on('request', (request, response) => {
      ports.add(request.socket.remotePort);
      waiting.push(() => response.end('ok'));
      if (waiting.length === 2) for (const go of waiting.splice(0)) go();
    });
    const port = await listen(server);
    const between = await proxy(LOGIN);
    for (const way of [network({ extraCa: [authority.ca] }), network(proxied(between.url))]) {
      ports.clear();
      const dispatcher = way.dispatcher(`${scheme}://localhost:${port}`, { ...LIMITS, connections: 2 });
      const get = async () => (await dispatcher.request({ path: '/', method: 'GET' })).body.dump();
      await Promise.all([get(), get(), get(), get(), get(), get()]);
      expect(
        kind === 'absolute' && way.proxyFor(`http://localhost`) !== null ? between.connections() : ports.size,
      ).toBe(2);
    }
  });
});

describe('the connect timeout', () => {
  const limits = { connectTimeoutMs: 150, keepAliveMs: 1_000 };
  const options: Dispatcher.RequestOptions = { path: '/', method: 'GET' };

  it('covers the TLS handshake', async () => {
    const port = await listen(mute());
    const dispatcher = network().dispatcher(`https://127.0.0.1:${port}`, limits);
    expect(codeOf(await failure(dispatcher.request(options)))).toBe('UND_ERR_CONNECT_TIMEOUT');
  });

  it('covers the answer to a CONNECT, and leaves no connection behind', async () => {
    const between = await proxy({ silent: true });
    const dispatcher = network({ httpsProxy: new Secret(between.url) }).dispatcher(
      'https://far.example',
      limits,
    );
    expect(codeOf(await failure(dispatcher.request(options)))).toBe('UND_ERR_CONNECT_TIMEOUT');
    expect(between.requests).toMatchObject([{ kind: 'connect', target: 'far.example:443' }]);
    await expectSoon(() => between.connections() === 0);
  });

  it('covers the TLS handshake inside a tunnel, and leaves no connection behind', async () => {
    const port = await listen(mute());
    const between = await proxy();
    const dispatcher = network({ httpsProxy: new Secret(between.url) }).dispatcher(
      `https://127.0.0.1:${port}`,
      limits,
    );
    expect(codeOf(await failure(dispatcher.request(options)))).toBe('UND_ERR_CONNECT_TIMEOUT');
    await expectSoon(() => between.connections() === 0);
  });
});

describe('an idle connection', () => {
  it('is closed after the time given, whatever longer time the server names', async () => {
    const server = createServer((_request, response) => {
      response.setHeader('keep-alive', 'timeout=650').end('{}');
    });
    const closed = new Promise((resolve) =>
      server.once('connection', (socket) => socket.once('close', resolve)),
    );
    const port = await listen(server);
    const dispatcher = network().dispatcher(`http://127.0.0.1:${port}`, { ...LIMITS, keepAliveMs: 1_100 });
    await ask(dispatcher, '/');
    await closed;
  });
});

describe('trust', () => {
  it('refuses a private CA that was not given', async () => {
    const port = await listen(mirror('https'));
    const dispatcher = network().dispatcher(`https://localhost:${port}`, LIMITS);
    const error = await failure(dispatcher.request({ path: '/', method: 'GET' }));
    expect(codeOf(error)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('refuses a certificate for another name, in a tunnel too', async () => {
    const server = createTlsServer(authority.issue(['elsewhere.example']), (_, response) => response.end());
    const port = await listen(server);
    const between = await proxy();
    for (const httpsProxy of [null, new Secret(between.url)]) {
      const way = network({ httpsProxy, extraCa: [authority.ca] });
      const error = await failure(
        way.dispatcher(`https://localhost:${port}`, LIMITS).request({ path: '/', method: 'GET' }),
      );
      expect(codeOf(error)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    }
  });
});

it('HTTP/2 is not spoken, though the server would rather, directly or in a tunnel', async () => {
  const server = createSecureServer({ ...authority.issue(['localhost']), allowHTTP1: true });
  const spoken: unknown[] = [];
  server.on('secureConnection', (socket) => spoken.push(socket.alpnProtocol));
  server.on('request', (_request, response) => void response.end('{}'));
  const port = await listen(server as unknown as Server);
  const between = await proxy();
  for (const httpsProxy of [null, new Secret(between.url)]) {
    const way = network({ httpsProxy, extraCa: [authority.ca] });
    await ask(way.dispatcher(`https://localhost:${port}`, LIMITS), '/');
    await way.close();
  }
  expect(spoken).toEqual(['http/1.1', 'http/1.1']);
});

describe('close', () => {
  it('ends what is running and every connection', async () => {
    const between = await proxy();
    const server = createTlsServer(authority.issue(['localhost']));
    const arrived = new Promise((resolve) => server.once('request', resolve));
    const port = await listen(server);
    const way = network({ httpsProxy: new Secret(between.url), extraCa: [authority.ca] });
    const running = failure(
      way.dispatcher(`https://localhost:${port}`, LIMITS).request({ path: '/', method: 'GET' }),
    );
    await arrived;
    await way.close();
    expect(codeOf(await running)).toBe('UND_ERR_DESTROYED');
    await expectSoon(() => between.connections() === 0);
  });
});
