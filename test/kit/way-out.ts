import type { Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { createAuthority } from '../../sandbox/certificates.ts';
import { type ForwardProxy, type ProxyOptions, startProxy } from '../../sandbox/connect-proxy.ts';
import type { NetworkConfig } from '../../src/config/config.ts';
import { createNetwork, type Network } from '../../src/network/network.ts';
import { atTheEnd } from './endings.ts';

export { atTheEnd, endAll } from './endings.ts';

export const authority = createAuthority();
export const LOGIN = { username: 'proxy user', password: 'p@ss:w/rd%' };

export function network(config: Partial<NetworkConfig> = {}): Network {
  const made = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [], ...config });
  atTheEnd(() => made.close());
  return made;
}

export async function proxy(options: ProxyOptions = {}): Promise<ForwardProxy> {
  const started = await startProxy(options);
  atTheEnd(() => started.close());
  return started;
}

export async function listen(server: Server | TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    if ('closeAllConnections' in server) server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Takes connections and says nothing. */
export function mute(): TcpServer {
  return createTcpServer((socket) => socket.on('error', () => socket.destroy()).resume());
}

export async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
}

export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : error;
}

/** Waits for the event loop to get there; the test's own time limit ends a wait that is in vain. */
export async function expectSoon(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise((resolve) => setTimeout(resolve, 5));
}
