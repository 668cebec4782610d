import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

const CONTENT_TYPE = 'application/vnd.broker.stream+octet-stream';
/** The server answers when its caller has taken the whole body, so this is the time a slow caller has, as with the official client. */
const TAKEN_MS = 20 * 60_000;

/** How one POST ended. `started`: a connection was there, so something may have been sent; it is never sent again. */
export type PostResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly started: boolean; readonly status: number; readonly error: Error | null };

export interface PostTarget {
  /** Keeps its connections: a new one for each answer would cost two round trips and a TLS handshake. */
  readonly transport: Dispatcher;
  readonly origin: string;
  readonly path: string;
}

/** Sends one streamed answer, or one try of it, to the broker server; `done` is called exactly once. */
export function postAnswer(
  target: PostTarget,
  body: Buffer | Readable,
  done: (result: PostResult) => void,
): void {
  let started = false;
  let status = 0;
  let finished = false;
  const finish = (result: PostResult) => {
    if (finished) return;
    finished = true;
    done(result);
  };
  target.transport.dispatch(
    {
      origin: target.origin,
      path: target.path,
      method: 'POST',
      headers: { 'content-type': CONTENT_TYPE },
      body,
      headersTimeout: TAKEN_MS,
      bodyTimeout: TAKEN_MS,
    },
    {
      onRequestStart: () => {
        started = true;
      },
      onResponseStart: (_controller, statusCode) => {
        status = statusCode;
      },
      onResponseData: () => {},
      onResponseEnd: () =>
        finish(status >= 200 && status < 300 ? { ok: true } : { ok: false, started, status, error: null }),
      onResponseError: (_controller, error) => finish({ ok: false, started, status, error }),
    },
  );
}
