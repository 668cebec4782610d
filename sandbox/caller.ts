import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';

export interface CallOptions {
  /** Default GET. */
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The answer path asked for: over the websocket, or (default) as a stream of its own. */
  readonly over?: 'socket' | 'stream';
  /** A UUID; default a new one. The agent's log names it. */
  readonly requestId?: string;
}

export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<NodeJS.Dict<string | string[]>>;
  readonly requestId: string;
}

export interface CallAnswer extends AnswerHead {
  readonly body: Buffer;
  /** From the call to the last byte. */
  readonly ms: number;
}

export interface OpenAnswer extends AnswerHead {
  readonly body: Readable;
}

/** Snyk's side: calls the agent through the broker server. */
export class Caller {
  readonly #pool: Pool;
  readonly #place: (path: string) => string;

  /** `place` makes the path at the server out of the path for the agent; no URL parser touches either. */
  constructor(serverUrl: string, ca: string | null, place: (path: string) => string) {
    this.#pool = new Pool(serverUrl, { connect: ca === null ? {} : { ca } });
    this.#place = place;
  }

  async open(path: string, options: CallOptions = {}): Promise<OpenAnswer> {
    const { method = 'GET', over = 'stream', requestId = randomUUID() } = options;
    const { statusCode, headers, body } = await this.#pool.request({
      path: this.#place(path),
      method,
      headers: {
        'snyk-request-id': requestId,
        ...(over === 'socket' ? { 'x-broker-ws-response': 'true' } : {}),
        ...options.headers,
      },
      body: options.body ?? null,
    });
    return { status: statusCode, headers, requestId, body };
  }

  /** Rejects when no whole answer comes. */
  async call(path: string, options: CallOptions = {}): Promise<CallAnswer> {
    const begun = performance.now();
    const { body, ...head } = await this.open(path, options);
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return { ...head, body: Buffer.concat(chunks), ms: performance.now() - begun };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
