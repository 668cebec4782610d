import { AgentError } from '../errors.ts';
import { shortened } from './refused-error.ts';
import type { Credential, Flight, Login, Outgoing, ReplySink, Send } from './send.ts';

/** Answered to nobody as to everybody. */
const OPEN_TO_ALL = /\/application-properties(?:\?|$)/;

type Headers = Parameters<ReplySink['head']>[1];

/**
 * Refuses answers that were meant for nobody. Where anonymous access is on, Bitbucket answers a login that is none any
 * more as if nobody had logged in, with 200 and less in it; it names the user of every other answer in `X-AUSERNAME`.
 * Once an origin has named one, JSON with a 2xx and no name to a call with a login is a login that does not work: it is
 * reported to its pool, and the pool's next credential is tried.
 *
 * For the agent's own reading calls, above `withAuthorization`: `failed` with `BITBUCKET_REFUSED` when no credential is
 * left.
 */
export function withNamedAnswers(send: Send): Send {
  const naming = new Set<string>();
  return (request, sink) =>
    request.login === null || OPEN_TO_ALL.test(request.path)
      ? send(request, sink)
      : new NamedAnswer(send, request, sink, naming).ask(request.login);
}

/** What an answer to nobody ends with. @param path path and query of the call */
export const answeredNobody = (path: string): AgentError =>
  new AgentError('BITBUCKET_REFUSED', `Bitbucket answered GET ${shortened(path)} as to nobody.`, {
    hint: 'The token or password is not accepted any more, and anonymous access is on: give the agent a login that works.',
  });

/** Whether an answer says whom it was meant for. */
export const isNamed = (headers: Headers): boolean => headers['x-ausername'] !== undefined;

class NamedAnswer implements Flight {
  readonly #send: Send;
  readonly #request: Outgoing;
  readonly #sink: ReplySink;
  /** Origins that have named a user. */
  readonly #naming: Set<string>;
  #flight: Flight | null = null;
  #cancelled = false;

  constructor(send: Send, request: Outgoing, sink: ReplySink, naming: Set<string>) {
    this.#send = send;
    this.#request = request;
    this.#sink = sink;
    this.#naming = naming;
  }

  ask(login: Login): this {
    const watched = new WatchedLogin(login);
    const sink = this.#sink;
    let refused = false;
    const flight = this.#send(
      { ...this.#request, login: watched },
      {
        head: (status, headers) => {
          refused = this.#isNobodys(status, headers);
          if (!refused) return sink.head(status, headers);
          // Not before `flight` is there, and not within the answer that ends with it.
          queueMicrotask(() => this.#refuse(flight, watched));
        },
        data: (chunk) => refused || sink.data(chunk),
        end: () => {
          if (!refused) sink.end();
        },
        failed: (error) => {
          if (!refused) sink.failed(error);
        },
      },
    );
    this.#flight = flight;
    return this;
  }

  resume(): void {
    this.#flight?.resume();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#flight?.cancel();
  }

  #isNobodys(status: number, headers: Headers): boolean {
    if (status < 200 || status > 299) return false;
    const { origin } = this.#request;
    if (isNamed(headers)) this.#naming.add(origin);
    else return this.#naming.has(origin) && /\bjson\b/i.test(String(headers['content-type'] ?? ''));
    return false;
  }

  #refuse(flight: Flight, login: WatchedLogin): void {
    if (this.#cancelled) return;
    flight.cancel();
    const other = login.rejectLast();
    if (other === null) this.#sink.failed(answeredNobody(this.#request.path));
    else this.ask(login.startingWith(other));
  }
}

/** A login that remembers which of its credentials was used last. */
class WatchedLogin implements Login {
  readonly #login: Login;
  #first: Credential | null;
  #last: Credential | null = null;

  constructor(login: Login, first: Credential | null = null) {
    this.#login = login;
    this.#first = first;
  }

  next(): Credential {
    this.#last = this.#first ?? this.#login.next();
    this.#first = null;
    return this.#last;
  }

  reject(credential: Credential): Credential | null {
    const other = this.#login.reject(credential);
    if (other !== null) this.#last = other;
    return other;
  }

  rejectLast(): Credential | null {
    return this.#last === null ? null : this.#login.reject(this.#last);
  }

  startingWith(credential: Credential): Login {
    return new WatchedLogin(this.#login, credential);
  }
}
