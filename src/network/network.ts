import type { ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  getCACertificates,
  type SecureContext,
} from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { buildConnector, type Dispatcher, errors, Pool, ProxyAgent } from 'undici';
import type { NetworkConfig } from '../config/config.ts';
import { createNoProxy } from './no-proxy.ts';
import { OriginAgent, type OriginAgentOptions } from './origin-agent.ts';

/** The code of a connection that its other end has reset. */
export const CONNECTION_RESET = 'ERR_CONNECTION_RESET';

export interface DispatcherOptions {
  /** Connections at the same time; no limit when left out. */
  readonly connections?: number;
  /** One limit over TCP, the proxy's CONNECT and TLS together. */
  readonly connectTimeoutMs: number;
  /** How long an idle connection is kept; a server that names a longer time itself does not change that. */
  readonly keepAliveMs: number;
}

/** The agent's way out of the host: proxy, private CA and connection pools, decided in one place. */
export interface Network {
  /** The proxy's URL with its password, or `null` when the connection is direct. Takes http, https, ws and wss URLs. */
  proxyFor(url: string): string | null;
  /**
   * A pool of HTTP/1.1 connections to one origin, which it fills in for each request. The path goes on the wire as it
   * is given. A connection that takes too long fails with `UND_ERR_CONNECT_TIMEOUT`.
   */
  dispatcher(origin: string, options: DispatcherOptions): Dispatcher;
  /** The same for Node's own HTTP client: kept connections to one origin, each limited as a dispatcher's are. */
  agent(origin: string, options: DispatcherOptions & { readonly connections: number }): OriginAgent;
  /** For one websocket connection; `undefined` when Node's own way is the right one. */
  upgradeAgent(url: string): HttpAgent | undefined;
  /** Ends every connection the dispatchers hold; requests that still run fail. */
  close(): Promise<void>;
}

/** @see Network */
export function createNetwork(config: NetworkConfig): Network {
  const noProxy = createNoProxy(config.noProxy);
  const secureContext = trustContext(config.extraCa);
  const dispatchers: Dispatcher[] = [];
  const agents: OriginAgent[] = [];
  const kept = <T extends Dispatcher>(dispatcher: T): T => {
    dispatchers.push(dispatcher);
    return dispatcher;
  };

  const proxyFor = (url: string): string | null => {
    const target = new URL(url);
    const secure = target.protocol === 'https:' || target.protocol === 'wss:';
    const proxy = secure ? config.httpsProxy : config.httpProxy;
    return proxy === null || noProxy(target) ? null : proxy.reveal();
  };

  return {
    proxyFor,
    dispatcher(origin, options) {
      const proxy = proxyFor(origin);
      if (proxy === null) return kept(directPool(origin, options, secureContext));
      const pool = kept(proxiedPool(proxy, options, secureContext));
      return pool.compose((dispatch) => (request, handler) => dispatch({ ...request, origin }, handler));
    },
    agent(origin, options) {
      const proxy = proxyFor(origin);
      const agent = originAgent(origin, proxy, { ...options, secureContext, kept });
      agents.push(agent);
      return agent;
    },
    upgradeAgent(url) {
      const proxy = proxyFor(url);
      if (proxy !== null) return new UpgradeProxyAgent(proxy, secureContext);
      if (secureContext !== undefined && url.startsWith('wss:')) return new HttpsAgent({ secureContext });
      return undefined;
    },
    async close() {
      for (const agent of agents.splice(0)) agent.destroy();
      await Promise.all(dispatchers.splice(0).map((dispatcher) => dispatcher.destroy()));
    },
  };
}

/** Node's default roots and the private ones; `undefined` when there are no private ones, as reading the roots takes time. */
function trustContext(extraCa: readonly string[]): SecureContext | undefined {
  if (extraCa.length === 0) return undefined;
  return createSecureContext({ ca: [...getCACertificates('default'), ...extraCa] });
}

function poolOptions({ connections, keepAliveMs }: DispatcherOptions): Pool.Options {
  return {
    connections: connections ?? null,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    pipelining: 1,
    allowH2: false,
  };
}

function tlsOptions(secureContext: SecureContext | undefined): { secureContext?: SecureContext } {
  return secureContext === undefined ? {} : { secureContext };
}

function directPool(
  origin: string,
  options: DispatcherOptions,
  secureContext: SecureContext | undefined,
): Dispatcher {
  const connect = connector(options.connectTimeoutMs, secureContext);
  return new Pool(origin, { ...poolOptions(options), connect: withPlainResets(connect) });
}

/** HTTP/1.1 only: undici offers HTTP/2 in the handshake unless its connector is told not to. */
const connector = (timeout: number, secureContext: SecureContext | undefined): buildConnector.connector =>
  buildConnector({ timeout, allowH2: false, ...tlsOptions(secureContext) });

interface WayOut extends DispatcherOptions {
  readonly connections: number;
  readonly secureContext: SecureContext | undefined;
  kept<T extends Dispatcher>(dispatcher: T): T;
}

/** As {@link directPool} and {@link proxiedPool}, for Node's own client. */
function originAgent(origin: string, proxy: string | null, way: WayOut): OriginAgent {
  const { connections, keepAliveMs, connectTimeoutMs, secureContext } = way;
  const direct = connector(connectTimeoutMs, secureContext);
  const made = (connect: buildConnector.connector, through: OriginAgentOptions['proxy']) =>
    new OriginAgent(origin, { connections, keepAliveMs, connect: withPlainResets(connect), proxy: through });
  if (proxy === null) return made(direct, null);
  const { origin: proxyOrigin, protocol, host, hostname, port } = new URL(proxy);
  const authorization = proxyAuthorization(proxy);
  if (origin.startsWith('http:')) {
    const target = { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port };
    return made((_target, callback) => direct(target, callback), { authorization });
  }
  const pool = way.kept(new Pool(proxyOrigin, { allowH2: false, connect: direct }));
  return made(withDeadline(tunnelled(pool, authorization, direct), connectTimeoutMs), null);
}

/** TLS inside a CONNECT. What the proxy says of it is told by its status alone. */
function tunnelled(
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

function proxyAuthorization(proxy: string): string | null {
  const { username, password } = new URL(proxy);
  if (username === '' && password === '') return null;
  const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(login).toString('base64')}`;
}

/**
 * https targets go through CONNECT, http targets as absolute-form requests. undici's ProxyAgent hands its own options to
 * tunnels only, limits each step of a CONNECT by itself and its answer not at all: the factory evens that out.
 */
function proxiedPool(
  uri: string,
  options: DispatcherOptions,
  secureContext: SecureContext | undefined,
): Dispatcher {
  const { connectTimeoutMs } = options;
  return new ProxyAgent({
    uri,
    allowH2: false,
    connectTimeout: connectTimeoutMs,
    proxyTls: tlsOptions(secureContext),
    requestTls: tlsOptions(secureContext),
    factory: (origin, given: { connect?: buildConnector.connector }) =>
      new Pool(origin, {
        ...poolOptions(options),
        ...(given.connect === undefined
          ? {}
          : { connect: withPlainResets(withDeadline(given.connect, connectTimeoutMs)) }),
      }),
  });
}

/**
 * undici 8.12 takes ECONNRESET for the end of a body that has neither a length nor chunks, and so a body cut short for
 * a whole one. Under another code it is the failure that it is.
 */
function withPlainResets(connect: buildConnector.connector): buildConnector.connector {
  return (target, callback) =>
    connect(target, (...outcome) => {
      outcome[1]?.prependListener('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNRESET') error.code = CONNECTION_RESET;
      });
      callback(...outcome);
    });
}

/** Limits a connector as a whole. A step that is still running is aborted, a socket that comes too late is destroyed. */
function withDeadline(connect: buildConnector.connector, timeoutMs: number): buildConnector.connector {
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

/**
 * Reaches a websocket's server by CONNECT. Serves one connection: a request that is given up takes the socket to the
 * proxy with it. `abort` is the one event of a request that Node tells before there is a socket.
 */
class UpgradeProxyAgent extends HttpsProxyAgent<string> {
  readonly #abandon: AbortController;
  readonly #secureContext: SecureContext | undefined;

  constructor(proxy: string, secureContext: SecureContext | undefined) {
    const abandon = new AbortController();
    super(proxy, { ...tlsOptions(secureContext), signal: abandon.signal });
    this.#abandon = abandon;
    this.#secureContext = secureContext;
  }

  override async connect(
    request: ClientRequest,
    options: Parameters<HttpsProxyAgent<string>['connect']>[1],
  ): Promise<Socket> {
    const givenUp = () => this.#abandon.abort();
    request.once('abort', givenUp);
    let status = 0;
    request.once('proxyConnect', ({ statusCode }: { statusCode: number }) => {
      status = statusCode;
    });
    const identity = addressIdentity(options.host ?? '');
    const socket = await super
      .connect(request, { ...options, ...tlsOptions(this.#secureContext), ...identity })
      .catch((cause: Error) => {
        if (status === 200) throw cause;
        throw new Error(`no way through the proxy ${this.proxy.host}: ${cause.message}`, { cause });
      });
    request.off('abort', givenUp);
    if (status === 200) return socket;
    socket.destroy();
    const hint = status === 407 ? ': check the user and the password in HTTP_PROXY and HTTPS_PROXY' : '';
    throw new Error(`the proxy ${this.proxy.host} answered CONNECT with ${status}${hint}`);
  }
}

/** https-proxy-agent 9.1 has a certificate for an IP address checked against `localhost`: it leaves the host out. */
function addressIdentity(host: string): Pick<ConnectionOptions, 'checkServerIdentity'> {
  if (isIP(host) === 0) return {};
  return { checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate) };
}
