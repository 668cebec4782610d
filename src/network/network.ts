import type { Agent as HttpAgent } from 'node:http';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { type buildConnector, type Dispatcher, Pool, ProxyAgent } from 'undici';
import type { NetworkConfig } from '../config/config.ts';
import { nodeHttps } from '../node-http.ts';
import {
  connector,
  proxyAuthorization,
  tlsOptions,
  tunnelled,
  withDeadline,
  withPlainResets,
} from './connector.ts';
import { createNoProxy } from './no-proxy.ts';
import { OriginAgent, type OriginAgentOptions } from './origin-agent.ts';
import { UpgradeAgent } from './upgrade-agent.ts';

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
      if (proxy !== null) return new UpgradeAgent(proxy, url.startsWith('wss:'), secureContext);
      if (secureContext !== undefined && url.startsWith('wss:'))
        return new nodeHttps.Agent({ secureContext });
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

function directPool(
  origin: string,
  options: DispatcherOptions,
  secureContext: SecureContext | undefined,
): Dispatcher {
  const connect = connector(options.connectTimeoutMs, secureContext);
  return new Pool(origin, { ...poolOptions(options), connect: withPlainResets(connect) });
}

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
