import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { AgentError } from '../errors.ts';
import type { Network } from '../network/network.ts';
import { downstreamError } from './failure.ts';
import type { Flight, Outgoing, ReplySink, Send } from './send.ts';

/** Milliseconds. */
export interface Limits {
  /** TCP, TLS and proxy together. */
  readonly connectMs: number;
  readonly firstByteMs: number;
  /** Between two pieces of a body; time in which the reader held Bitbucket back does not count. */
  readonly idleMs: number;
}

/** More calls than this wait for a connection; Bitbucket's own limits come long before. */
const CONNECTIONS = 256;
/** Tomcat closes idle connections after 20 s unless told otherwise. */
const KEEP_ALIVE_MS = 4_000;

/**
 * The bottom of all sending: one request on the wire, one reply, a pool of connections for each origin.
 *
 * @param connections at one time, to each origin
 */
export function createExchange(network: Network, limits: Limits, connections = CONNECTIONS): Send {
  const pools = new Map<string, Dispatcher>();
  const poolOf = (origin: string): Dispatcher => {
    let pool = pools.get(origin);
    if (pool === undefined) {
      const { connectMs } = limits;
      pool = network.dispatcher(origin, {
        connections,
        connectTimeoutMs: connectMs,
        keepAliveMs: KEEP_ALIVE_MS,
      });
      pools.set(origin, pool);
    }
    return pool;
  };
  return (request, sink) => {
    const exchange = new Exchange(sink);
    exchange.start(poolOf(request.origin), request, limits);
    return exchange;
  };
}

class Exchange implements Flight, Dispatcher.DispatchHandler {
  readonly #sink: ReplySink;
  #controller: Dispatcher.DispatchController | null = null;
  #cancelled = false;
  #over = false;
  /** A call that waits for a connection, or for the connection's own limit, waits no longer than this. */
  #deadline: NodeJS.Timeout | undefined;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  start(pool: Dispatcher, { origin, path, method, headers, body }: Outgoing, limits: Limits): void {
    this.#deadline = setTimeout(() => this.#tooLate(), limits.connectMs + limits.firstByteMs);
    pool.dispatch(
      { origin, path, method, headers, body, headersTimeout: limits.firstByteMs, bodyTimeout: limits.idleMs },
      this,
    );
  }

  resume(): void {
    if (!this.#over && this.#controller?.paused) this.#controller.resume();
  }

  cancel(): void {
    if (this.#over || this.#cancelled) return;
    this.#cancelled = true;
    clearTimeout(this.#deadline);
    this.#controller?.abort(new Error('nobody waits for the answer any more'));
  }

  #tooLate(): void {
    if (this.#over || this.#cancelled) return;
    this.cancel();
    this.#sink.failed(new AgentError('DOWNSTREAM_TIMEOUT', 'Bitbucket did not begin to answer in time.'));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#cancelled) controller.abort(new Error('nobody waits for the answer any more'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.#cancelled) return;
    clearTimeout(this.#deadline);
    this.#sink.head(status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#cancelled && !this.#sink.data(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.#over = true;
    if (!this.#cancelled) this.#sink.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    if (!this.#cancelled) this.#sink.failed(downstreamError(error));
  }
}
