import { classify401 } from './refusal.ts';
import {
  type Credential,
  type Flight,
  type Login,
  type Outgoing,
  REPEATABLE,
  type ReplySink,
  type Send,
} from './send.ts';

/** An error body is small; a larger one is no answer of Bitbucket's own and is told by its headers. */
const HELD_BYTES = 64 * 1024;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Adds the `Authorization` header. A 401 is held back until it is known what it means: a bad login is reported to
 * its pool, and a GET or HEAD is then tried with the pool's next credential; a missing permission is passed on.
 */
export function withAuthorization(send: Send): Send {
  return (request, sink) => {
    const { login } = request;
    if (login === null) return send(request, sink);
    return new Authorized(send, request, sink, login).start(login.next());
  };
}

class Authorized implements Flight, ReplySink {
  readonly #send: Send;
  readonly #request: Outgoing;
  readonly #sink: ReplySink;
  readonly #login: Login;
  #flight: Flight | null = null;
  #credential: Credential | null = null;
  #refused: { readonly headers: Headers; readonly chunks: Buffer[]; size: number } | null = null;
  #cancelled = false;

  constructor(send: Send, request: Outgoing, sink: ReplySink, login: Login) {
    this.#send = send;
    this.#request = request;
    this.#sink = sink;
    this.#login = login;
  }

  start(credential: Credential): this {
    this.#credential = credential;
    this.#refused = null;
    const headers = { ...this.#request.headers, authorization: credential.authorization };
    this.#flight = this.#send({ ...this.#request, headers }, this);
    return this;
  }

  resume(): void {
    this.#flight?.resume();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#flight?.cancel();
  }

  head(status: number, headers: Headers): void {
    if (status === 401) this.#refused = { headers, chunks: [], size: 0 };
    else this.#sink.head(status, headers);
  }

  data(chunk: Buffer): boolean {
    if (this.#refused === null) return this.#sink.data(chunk);
    this.#refused.chunks.push(chunk);
    this.#refused.size += chunk.length;
    if (this.#refused.size <= HELD_BYTES) return true;
    this.#judge();
    return this.#release();
  }

  end(): void {
    if (this.#refused !== null) {
      const other = this.#judge();
      if (other !== null && REPEATABLE.has(this.#request.method) && !this.#cancelled)
        return void this.start(other);
      this.#release();
    }
    this.#sink.end();
  }

  failed(error: Parameters<ReplySink['failed']>[0]): void {
    this.#sink.failed(error);
  }

  /** Hands on what was held back. */
  #release(): boolean {
    const refused = this.#refused;
    this.#refused = null;
    if (refused === null) return true;
    this.#sink.head(401, refused.headers);
    return refused.chunks.map((chunk) => this.#sink.data(chunk)).every(Boolean);
  }

  #judge(): Credential | null {
    if (this.#refused === null || this.#credential === null) return null;
    const refusal = classify401(this.#refused.headers, Buffer.concat(this.#refused.chunks));
    return refusal === 'bad-login' ? this.#login.reject(this.#credential) : null;
  }
}
