import { connect, type Socket } from 'node:net';
import { getCACertificates } from 'node:tls';
import { nodeHttp, nodeHttps } from '../node-http.ts';
import { hostOf, portOf } from './targets.ts';

/** The proxy answered CONNECT with something else than 200. */
export class ProxyRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the proxy answered CONNECT with ${status}`);
    this.name = 'ProxyRefusal';
    this.status = status;
  }
}

/** The proxy itself could not be reached. */
class ProxyUnreachable extends Error {
  constructor(cause: unknown) {
    super('the proxy cannot be reached', { cause });
    this.name = 'ProxyUnreachable';
  }
}

/** All certificate authorities that the agent trusts: Node's own and the private ones. PEM, one each. */
export const trusted = (extraCa: readonly string[]): string[] => [
  ...getCACertificates('default'),
  ...extraCa,
];

/** The proxy's address without its login. */
export const shownProxy = (proxy: string): string => {
  const { protocol, host } = new URL(proxy);
  return `${protocol}//${host}`;
};

/** A TCP connection to the target itself. The caller destroys it. */
export function connectDirect(target: URL, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostOf(target), port: portOf(target), signal });
    socket.on('error', reject);
    socket.once('connect', () => resolve(socket));
  });
}

/**
 * A connection to the target through a proxy, by CONNECT. The caller destroys it.
 *
 * @throws ProxyRefusal, ProxyUnreachable
 */
export function connectThrough(
  proxy: string,
  target: URL,
  ca: readonly string[],
  signal: AbortSignal,
): Promise<Socket> {
  const { protocol, username, password } = new URL(proxy);
  const login = [username, password].map(decodeURIComponent).join(':');
  const authority = `${target.hostname}:${portOf(target)}`;
  const options = {
    host: hostOf(new URL(proxy)),
    port: portOf(new URL(proxy)),
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(username === '' && password === ''
        ? {}
        : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
    },
    agent: false,
    signal,
  } as const;
  return new Promise((resolve, reject) => {
    const request =
      protocol === 'https:' ? nodeHttps.request({ ...options, ca: trusted(ca) }) : nodeHttp.request(options);
    request.once('connect', (response, socket) => {
      socket.on('error', reject);
      if (response.statusCode === 200) return resolve(socket as Socket);
      socket.destroy();
      reject(new ProxyRefusal(response.statusCode ?? 0));
    });
    request.on('error', (cause) => reject(new ProxyUnreachable(cause)));
    request.end();
  });
}
