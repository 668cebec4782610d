import { AgentError } from '../errors.ts';
import { Body, type BodyFlaw } from './body.ts';
import { RefusedError, shortened } from './refused-error.ts';
import type { Flight, Login, ReplySink, Send } from './send.ts';

/** One GET of the agent's own. `path` goes on the wire as it is. */
export interface JsonRequest {
  readonly origin: string;
  readonly path: string;
  readonly login: Login | null;
  readonly signal?: AbortSignal | undefined;
}

export type ReplyHeaders = Parameters<ReplySink['head']>[1];

/** A whole answer, unpacked. */
export interface Fetched {
  readonly status: number;
  readonly headers: ReplyHeaders;
  /** `null`: an error's body that is too large or garbled. */
  readonly body: Buffer | null;
}

/** The body of an error is small; a larger one is no answer of Bitbucket's own. */
const LONGEST_ERROR_BYTES = 64 * 1024;
const HEADERS = { accept: 'application/json', 'accept-encoding': 'gzip' };
const CODINGS: Readonly<Record<string, 'plain' | 'gzip'>> = {
  '': 'plain',
  identity: 'plain',
  gzip: 'gzip',
  'x-gzip': 'gzip',
};

/**
 * Asks once. Resolves with whatever status but 3xx.
 *
 * @throws AgentError `BITBUCKET_REFUSED` for a 3xx, `PAGE_TOO_LARGE`, `PAGE_NOT_JSON` for a body that cannot be
 *   unpacked, `DOWNSTREAM_*` for an answer that did not come or not as a whole, `RUN_INTERRUPTED`
 */
export function fetchWhole(send: Send, request: JsonRequest, longestBytes: number): Promise<Fetched> {
  return new Promise((resolve, reject) => {
    if (request.signal?.aborted) reject(interrupted());
    else new Fetching(request, longestBytes, resolve, reject).start(send);
  });
}

/** What a stopped run's calls end with. */
export const interrupted = (): AgentError =>
  new AgentError('RUN_INTERRUPTED', 'The run was stopped before its end.');

class Fetching implements ReplySink {
  readonly #request: JsonRequest;
  readonly #longest: number;
  readonly #resolve: (fetched: Fetched) => void;
  readonly #reject: (error: AgentError) => void;
  readonly #stop = (): void => this.#fail(interrupted());
  #flight: Flight | null = null;
  #body: Body | null = null;
  #over = false;

  constructor(
    request: JsonRequest,
    longest: number,
    resolve: (fetched: Fetched) => void,
    reject: (error: AgentError) => void,
  ) {
    this.#request = request;
    this.#longest = longest;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(send: Send): void {
    const { origin, path, login, signal } = this.#request;
    signal?.addEventListener('abort', this.#stop);
    this.#flight = send({ origin, path, method: 'GET', headers: HEADERS, body: null, login }, this);
    if (this.#over) this.#flight.cancel();
  }

  head(status: number, headers: ReplyHeaders): void {
    if (status >= 300 && status < 400)
      return this.#fail(new RefusedError(this.#request.path, { status, exception: '' }));
    const failure = status >= 400;
    const coding = CODINGS[String(headers['content-encoding'] ?? '').toLowerCase()];
    const longest = failure ? Math.min(LONGEST_ERROR_BYTES, this.#longest) : this.#longest;
    const flawed = (flaw: BodyFlaw): void => {
      if (!failure || flaw === 'cut-short') this.#fail(this.#flaw(flaw));
      else this.#done({ status, headers, body: null });
    };
    if (coding === undefined) return flawed('garbled');
    if (Number(headers['content-length'] ?? 0) > longest) return flawed('too-large');
    this.#body = new Body(coding === 'gzip', longest, {
      whole: (body) => this.#done({ status, headers, body }),
      flawed,
      drained: () => this.#flight?.resume(),
    });
  }

  data(chunk: Buffer): boolean {
    return this.#body === null || this.#body.write(chunk);
  }

  end(): void {
    this.#body?.end();
  }

  failed(error: AgentError): void {
    this.#fail(error);
  }

  #flaw(flaw: BodyFlaw): AgentError {
    const path = shortened(this.#request.path);
    if (flaw === 'cut-short')
      return new AgentError('DOWNSTREAM_ERROR', `Bitbucket's answer to GET ${path} was cut short.`);
    if (flaw === 'garbled')
      return new AgentError('PAGE_NOT_JSON', `Bitbucket's answer to GET ${path} cannot be unpacked.`, {
        hint: 'See what stands between the agent and Bitbucket and compresses answers.',
      });
    const mib = Math.floor(this.#longest / 1024 / 1024);
    return new AgentError('PAGE_TOO_LARGE', `Bitbucket's answer to GET ${path} is over ${mib} MiB.`);
  }

  #done(fetched: Fetched): void {
    if (this.#over) return;
    this.#close();
    this.#resolve(fetched);
  }

  #fail(error: AgentError): void {
    if (this.#over) return;
    this.#close();
    this.#reject(error);
  }

  /** Cancelling a flight that has landed does nothing. */
  #close(): void {
    this.#over = true;
    this.#request.signal?.removeEventListener('abort', this.#stop);
    this.#body?.drop();
    this.#flight?.cancel();
  }
}
