import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocket, WebSocketServer } from 'ws';
import { Secret } from '../../src/config/secret.ts';
import type { Network } from '../../src/network/network.ts';
import {
  atTheEnd,
  authority,
  codeOf,
  endAll,
  expectSoon,
  failure,
  LOGIN,
  listen,
  network,
  proxy,
} from '../kit/way-out.ts';

afterEach(endAll);

describe.each(['ws', 'wss'] as const)('a %s websocket', (scheme) => {
  async function echoServer(): Promise<string> {
    const server = scheme === 'ws' ? createServer() : createTlsServer(authority.issue(['localhost']));
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    atTheEnd(() => sockets.close());
    return `${scheme}://localhost:${await listen(server)}/primus/`;
  }

  function open(way: Network, url: string): WebSocket {
    const agent = way.upgradeAgent(url);
    const socket = new WebSocket(url, agent === undefined ? {} : { agent });
    atTheEnd(() => socket.terminate());
    return socket;
  }

  function echo(way: Network, url: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = open(way, url);
      socket.once('error', reject);
      socket.once('open', () => socket.send('hello'));
      socket.once('message', (data) => resolve(String(data)));
    });
  }

  it('opens directly', async () => {
    expect(await echo(network({ extraCa: [authority.ca] }), await echoServer())).toBe('hello');
  });

  it.each([false, true])('opens by CONNECT with a password (proxy over TLS: %s)', async (secure) => {
    const url = await echoServer();
    const between = await proxy(secure ? { ...LOGIN, tls: authority.issue(['localhost']) } : LOGIN);
    const way = network({
      httpProxy: new Secret(between.url),
      httpsProxy: new Secret(between.url),
      extraCa: [authority.ca],
    });
    expect(await echo(way, url)).toBe('hello');
    expect(between.requests).toEqual([{ kind: 'connect', target: new URL(url).host, authorized: true }]);
  });

  it('fails when the proxy refuses', async () => {
    const url = await echoServer();
    const between = await proxy(LOGIN);
    const stranger = new Secret(between.url.replace('proxy%20user', 'stranger'));
    const error = await failure(echo(network({ httpProxy: stranger, httpsProxy: stranger }), url));
    expect(String(error)).toContain('407');
    expect(between.requests).toMatchObject([{ authorized: false }]);
  });

  it('takes the connection to a silent proxy with it when it is given up', async () => {
    const between = await proxy({ silent: true });
    const way = network({ httpProxy: new Secret(between.url), httpsProxy: new Secret(between.url) });
    const socket = open(way, `${scheme}://far.example/`);
    const failed = new Promise((resolve) => socket.once('error', resolve));
    await expectSoon(() => between.requests.length === 1);
    socket.terminate();
    expect(await failed).toBeInstanceOf(Error);
    await expectSoon(() => between.connections() === 0);
  });

  it('needs no agent when it is direct and there is no private CA', () => {
    expect(network().upgradeAgent(`${scheme}://localhost/`)).toBeUndefined();
  });

  it('trusts a private CA only when it is given', async () => {
    const outcome = await failure(echo(network(), await echoServer()));
    if (scheme === 'ws') expect(outcome).toBe('no failure');
    else expect(codeOf(outcome)).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });
});
