import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { createProxyMiddleware, type RequestHandler } from 'http-proxy-middleware';
import type { Limits } from '../bitbucket/exchange.ts';
import { downstreamError } from '../bitbucket/failure.ts';
import { type Flight, type Outgoing, REPEATABLE, type ReplySink, type Send } from '../bitbucket/send.ts';
import { AgentError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import type { OriginAgent } from '../network/origin-agent.ts';

/** Tomcat closes idle connections after 20 s unless told otherwise. */
const KEEP_ALIVE_MS = 4_000;

/** What carries one request of a caller to Bitbucket. */
export type Carrier = (request: IncomingMessage, response: ServerResponse) => Send;

/**
 * http-proxy-middleware as the bottom of sending. It is given the prepared request in the place of the caller's: of
 * what the caller sent, nothing but that reaches it. Bitbucket's reply goes to the sink; the response is the answer's.
 *
 * @param connections at one time, to each origin
 */
export function createProxyCarrier(network: Network, limits: Limits, connections: number): Carrier {
  const { connectMs } = limits;
  const agents = new Map<string, OriginAgent>();
  const agentOf = (origin: string): OriginAgent => {
    const known = agents.get(origin);
    if (known !== undefined) return known;
    const agent = network.agent(origin, {
      connections,
      connectTimeoutMs: connectMs,
      keepAliveMs: KEEP_ALIVE_MS,
    });
    agents.set(origin, agent);
    return agent;
  };
  const current = new WeakMap<IncomingMessage, ProxyExchange>();
  const proxy = proxyMiddleware(current);
  return (request, response) => {
    // Each try adds listeners of its own to both.
    request.setMaxListeners(0);
    response.setMaxListeners(0);
    return (outgoing, sink) => {
      const exchange = new ProxyExchange(outgoing, sink, agentOf(outgoing.origin), limits);
      current.set(request, exchange);
      exchange.start(proxy, request, response);
      return exchange;
    };
  };
}

function proxyMiddleware(
  current: WeakMap<IncomingMessage, ProxyExchange>,
): RequestHandler<IncomingMessage, ServerResponse, (error?: unknown) => void> {
  return createProxyMiddleware<IncomingMessage, ServerResponse>({
    // The gate has decided already; a filter here would read the path in a way of its own.
    pathFilter: () => true,
    router: (request, _response, options) => {
      const exchange = current.get(request);
      options.agent = exchange?.agent;
      options.buffer = streamOf(exchange?.body ?? null);
      return exchange?.agent.url ?? '';
    },
    selfHandleResponse: true,
    followRedirects: false,
    xfwd: false,
    ws: false,
    on: {
      proxyReq: (sent, request) => current.get(request)?.connected(sent),
      proxyRes: (reply, request) => current.get(request)?.replied(reply),
      // Without a listener the default one would write an answer of its own.
      error: (error, request) => current.get(request)?.failed(error),
    },
  });
}

function streamOf(body: Buffer | null): Readable {
  return new Readable({
    read() {
      if (body !== null) this.push(body);
      this.push(null);
    },
  });
}

class ProxyExchange implements Flight {
  readonly agent: OriginAgent;
  readonly body: Buffer | null;
  readonly #outgoing: Outgoing;
  readonly #sink: ReplySink;
  readonly #limits: Limits;
  #sent: ClientRequest | null = null;
  #reply: IncomingMessage | null = null;
  #over = false;
  #limit: NodeJS.Timeout | undefined;

  constructor(outgoing: Outgoing, sink: ReplySink, agent: OriginAgent, limits: Limits) {
    this.body = outgoing.body;
    this.agent = agent;
    this.#outgoing = outgoing;
    this.#sink = sink;
    this.#limits = limits;
  }

  start(
    proxy: RequestHandler<IncomingMessage, ServerResponse, (error?: unknown) => void>,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { connectMs, firstByteMs } = this.#limits;
    const { path, method, headers, body } = this.#outgoing;
    this.#within(connectMs + firstByteMs, 'Bitbucket did not begin to answer in time.');
    request.url = path;
    request.method = method;
    request.headers = {
      ...headers,
      host: this.agent.url.host,
      ...(REPEATABLE.has(method) ? {} : { 'content-length': String(body?.length ?? 0) }),
    };
    void proxy(request, response, (error) => this.failed(error));
  }

  /** The exchange broke off, or never began. */
  failed(cause: unknown): void {
    this.#fail(downstreamError(cause));
  }

  /** The request has its connection; its head is not written yet. */
  connected(sent: ClientRequest): void {
    if (this.#over) return void sent.destroy();
    this.#sent = sent;
    this.agent.aim(sent, this.#outgoing.path);
    // An upgrade that nobody asked for ends the connection without an error.
    sent.on('close', () => {
      if (this.#reply === null) this.failed(new Error('closed before its answer'));
    });
    this.#within(this.#limits.firstByteMs, 'Bitbucket did not begin to answer in time.');
  }

  replied(reply: IncomingMessage): void {
    if (this.#over) return void reply.destroy();
    this.#reply = reply;
    if (reply.statusCode === 407 && this.agent.throughHttpProxy) {
      reply.destroy();
      return this.failed(new Error('the proxy answered (407)'));
    }
    reply.on('data', (chunk: Buffer) => this.#data(chunk));
    reply.on('end', () => this.#end());
    reply.on('error', (error) => this.failed(error));
    reply.on('close', () => this.failed(new Error('closed before its end')));
    this.#idle();
    this.#sink.head(reply.statusCode ?? 0, reply.headers);
  }

  resume(): void {
    if (this.#over || this.#reply?.isPaused() !== true) return;
    this.#idle();
    this.#reply.resume();
  }

  cancel(): void {
    if (this.#over) return;
    this.#finish();
    this.#abort();
  }

  #data(chunk: Buffer): void {
    if (this.#over) return;
    if (this.#sink.data(chunk)) return void this.#limit?.refresh();
    clearTimeout(this.#limit);
    this.#reply?.pause();
  }

  #end(): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.end();
  }

  #fail(error: AgentError): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.failed(error);
  }

  #idle(): void {
    this.#within(this.#limits.idleMs, 'Bitbucket stopped in the middle of its answer.');
  }

  #within(ms: number, otherwise: string): void {
    clearTimeout(this.#limit);
    this.#limit = setTimeout(() => {
      this.#fail(new AgentError('DOWNSTREAM_TIMEOUT', otherwise));
      this.#abort();
    }, ms);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#limit);
  }

  #abort(): void {
    this.#reply?.destroy();
    this.#sent?.destroy();
  }
}
