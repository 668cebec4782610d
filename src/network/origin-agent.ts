import type { ClientRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import type { buildConnector } from 'undici';
import { nodeHttp } from '../node-http.ts';

export interface OriginAgentOptions {
  readonly connections: number;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  /** Gives a connection that is ready for HTTP, or the error that it failed with. */
  readonly connect: buildConnector.connector;
  /** Set where an http proxy takes the requests: each names its whole target, and logs in at the proxy. */
  readonly proxy: { readonly authorization: string | null } | null;
}

/**
 * Kept connections to one origin for Node's own HTTP client. Whatever host a request names, it is connected to this
 * origin and no other.
 */
export class OriginAgent extends nodeHttp.Agent {
  /** The one that Node holds a request against. */
  readonly protocol: string;
  /** The origin, parsed once. */
  readonly url: URL;
  readonly #origin: string;
  readonly #target: buildConnector.Options;
  readonly #connect: buildConnector.connector;
  readonly #proxy: OriginAgentOptions['proxy'];

  constructor(origin: string, { connections, keepAliveMs, connect, proxy }: OriginAgentOptions) {
    super({ keepAlive: true, maxSockets: connections, timeout: keepAliveMs });
    this.url = new URL(origin);
    const { protocol, host, hostname, port } = this.url;
    this.protocol = protocol;
    this.#origin = origin;
    this.#target = { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port };
    this.#connect = connect;
    this.#proxy = proxy;
  }

  override createConnection(
    _options: object,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#connect(this.#target, (error, socket) => callback?.(error, socket as Duplex));
  }

  /** The answers are a proxy's as long as it wants a login of its own. */
  get throughHttpProxy(): boolean {
    return this.#proxy !== null;
  }

  /** Writes the target of a request, byte for byte, before its head is sent. */
  aim(request: ClientRequest, path: string): void {
    request.path = this.#proxy === null ? path : this.#origin + path;
    if (this.#proxy?.authorization != null)
      request.setHeader('proxy-authorization', this.#proxy.authorization);
  }
}
