import type { AgentError } from '../errors.ts';

/** One request to Bitbucket. `path` goes on the wire byte for byte; it is never parsed again. */
export interface Outgoing {
  /** `scheme://host[:port]`. */
  readonly origin: string;
  /** Path and query. */
  readonly path: string;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  /** Who to be at Bitbucket; `null`: nobody. */
  readonly login: Login | null;
}

/** Methods that may be sent twice without anything being done twice. */
export const REPEATABLE: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Where the reply goes: `head`, any number of `data`, then `end`; or `failed` at any time. One of the last two, once. */
export interface ReplySink {
  head(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  /** @returns false to hold Bitbucket back until `resume` */
  data(chunk: Buffer): boolean;
  end(): void;
  /** `DOWNSTREAM_TIMEOUT`, `DOWNSTREAM_UNREACHABLE` or `DOWNSTREAM_ERROR`; after `head` the body is cut short. */
  failed(error: AgentError): void;
}

/** A request under way. */
export interface Flight {
  resume(): void;
  /** Nobody waits any more; the sink hears nothing further. */
  cancel(): void;
}

/** The one signature; authorisation, retries and limits are wrappers around it. Redirects are never followed. */
export type Send = (request: Outgoing, sink: ReplySink) => Flight;

/** One `Authorization` header and the name an operator knows it by (`BITBUCKET_PAT_POOL[2]`). */
export interface Credential {
  readonly name: string;
  readonly authorization: string;
}

/** Credentials that stand for the same person or right, taken in turn. */
export interface Login {
  next(): Credential;
  /** Bitbucket did not accept it as a login. @returns another one to try, or `null` */
  reject(credential: Credential): Credential | null;
}
