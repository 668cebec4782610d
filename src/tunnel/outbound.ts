import { AgentError } from '../errors.ts';
import { encodeBody, encodeEvent } from './frames.ts';
import type { TunnelSocket } from './socket.ts';

/** A request that goes out through the tunnel to Snyk's backend. `url` is a path with query. */
export interface OutboundRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Text travels as a JSON string, bytes as base64; both arrive byte for byte. */
  readonly body: Buffer | string;
  readonly requestId: string;
}

/** What Snyk's backend said, as the broker server passed it on. */
export interface OutboundAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

interface Pending {
  readonly socket: TunnelSocket;
  readonly resolve: (answer: OutboundAnswer) => void;
  readonly reject: (error: AgentError) => void;
  readonly timer: NodeJS.Timeout;
  /** Stops listening for the abort. */
  readonly deaf: () => void;
}

/** Requests sent to the server that wait for their acknowledgement. */
export class Outbound {
  readonly #pending = new Map<number, Pending>();
  /** Those that nobody waits for any more: their answers may come all the same, as long as their socket is there. */
  readonly #forgotten = new Map<number, TunnelSocket>();
  #nextId = 1;

  /**
   * @throws AgentError `TUNNEL_TIMEOUT` after `timeoutMs` (the server itself sets its backend no limit),
   *   `TUNNEL_CLOSED` at once when the socket closes or the signal is aborted; whether Snyk got the request is then not
   *   known
   */
  send(
    socket: TunnelSocket,
    request: OutboundRequest,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<OutboundAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(givenUp());
      const forget = () => this.#forget(id);
      signal?.addEventListener('abort', forget, { once: true });
      const deaf = () => signal?.removeEventListener('abort', forget);
      const timer = setTimeout(
        () =>
          this.#reject(id, new AgentError('TUNNEL_TIMEOUT', `Snyk did not answer within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      this.#pending.set(id, { socket, resolve, reject, timer, deaf });
      const { method, url, headers, body, requestId } = request;
      const encoded = typeof body === 'string' ? body : encodeBody(body);
      const message = { url, method, headers, body: encoded, streamingID: '', requestId };
      socket.send(encodeEvent('request', message, id));
    });
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Requests whose answer can only come on this socket. */
  onSocket(socket: TunnelSocket): number {
    return [...this.#pending.values()].filter((pending) => pending.socket === socket).length;
  }

  /** @returns false when nobody waits for this id */
  acknowledge(socket: TunnelSocket, id: number, args: readonly unknown[]): boolean {
    const pending = this.#pending.get(id);
    if (pending === undefined) return this.#forgotten.delete(id);
    if (pending.socket !== socket) return false;
    const answer = readAnswer(args[0]);
    if (answer === null) {
      this.#reject(
        id,
        new AgentError('TUNNEL_ERROR', 'The broker server acknowledged with something else than an answer.'),
      );
    } else {
      this.#take(id)?.resolve(answer);
    }
    return true;
  }

  lost(socket: TunnelSocket): void {
    for (const [id, of] of this.#forgotten) if (of === socket) this.#forgotten.delete(id);
    for (const [id, pending] of this.#pending) {
      if (pending.socket === socket)
        this.#reject(id, new AgentError('TUNNEL_CLOSED', 'The tunnel closed before Snyk answered.'));
    }
  }

  #forget(id: number): void {
    const pending = this.#pending.get(id);
    if (pending !== undefined) this.#forgotten.set(id, pending.socket);
    this.#reject(id, givenUp());
  }

  #reject(id: number, error: AgentError): void {
    this.#take(id)?.reject(error);
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    pending?.deaf();
    return pending;
  }
}

const givenUp = (): AgentError =>
  new AgentError('TUNNEL_CLOSED', 'The request was given up before Snyk answered.');

function readAnswer(value: unknown): OutboundAnswer | null {
  if (typeof value !== 'object' || value === null || !('status' in value)) return null;
  const { status } = value;
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 100 || status > 599) return null;
  const headers =
    'headers' in value && typeof value.headers === 'object' && value.headers !== null ? value.headers : {};
  const body = 'body' in value ? value.body : '';
  const text =
    typeof body === 'string' ? body : body === undefined || body === null ? '' : JSON.stringify(body);
  return { status, headers: headers as Record<string, unknown>, body: text };
}
