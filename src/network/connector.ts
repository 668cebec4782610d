import { isIP, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector, errors, type Pool } from 'undici';

/** The code of a connection that its other end has reset. */
export const CONNECTION_RESET = 'ERR_CONNECTION_RESET';

/** For what takes a context only where there is one. */
export function tlsOptions(secureContext: SecureContext | undefined): { secureContext?: SecureContext } {
  return secureContext === undefined ? {} : { secureContext };
}

/** HTTP/1.1 only: undici offers HTTP/2 in the handshake unless its connector is told not to. */
export const connector = (
  timeout: number,
  secureContext: SecureContext | undefined,
): buildConnector.connector => buildConnector({ timeout, allowH2: false, ...tlsOptions(secureContext) });

/** TLS inside a CONNECT. What the proxy says of it is told by its status alone. */
export function tunnelled(
  proxy: Pool,
  authorization: string | null,
  connect: buildConnector.connector,
): buildConnector.connector {
  return (target: buildConnector.Options & { signal?: AbortSignal }, callback) => {
    const { hostname, port, signal } = target;
    const authority = `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port || 443}`;
    const headers = {
      host: authority,
      ...(authorization === null ? {} : { 'proxy-authorization': authorization }),
    };
    proxy.connect({ path: authority, headers, ...(signal === undefined ? {} : { signal }) }).then(
      ({ statusCode, socket }) => {
        if (statusCode === 200) return connect({ ...target, httpSocket: socket as Socket }, callback);
        socket.on('error', () => {}).destroy();
        callback(new Error(`the proxy answered CONNECT with (${statusCode})`), null);
      },
      (error: Error) => callback(error, null),
    );
  };
}

/** The login in a proxy's URL, as the `Proxy-Authorization` header; `null`: there is none. */
export function proxyAuthorization(proxy: string): string | null {
  const { username, password } = new URL(proxy);
  if (username === '' && password === '') return null;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}

/**
 * undici 8.12 takes ECONNRESET for the end of a body that has neither a length nor chunks, and so a body cut short for
 * a whole one. Under another code it is the failure that it is.
 */
export function withPlainResets(connect: buildConnector.connector): buildConnector.connector {
  return (target, callback) =>
    connect(target, (...outcome) => {
      outcome[1]?.prependListener('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') error.code = CONNECTION_RESET;
      });
      callback(...outcome);
    });
}

/** Limits a connector as a whole. A step that is still running is aborted, a socket that comes too late is destroyed. */
export function withDeadline(connect: buildConnector.connector, timeoutMs: number): buildConnector.connector {
  return (target, callback) => {
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
      const message = `Connect Timeout Error (${target.hostname}:${target.port}, timeout: ${timeoutMs}ms)`;
      callback(new errors.ConnectTimeoutError(message), null);
    }, timeoutMs);
    const tunnel = { ...target, signal: late.signal };
    connect(tunnel, (...outcome) => {
      clearTimeout(timer);
      if (!late.signal.aborted) callback(...outcome);
      else outcome[1]?.destroy();
    });
  };
}
