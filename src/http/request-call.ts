import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Call } from '../call.ts';

/** The same as the official client takes through the tunnel. */
const LARGEST_BODY_BYTES = 10 * 1024 * 1024;
/** A request id is copied into headers and log lines: it may not be any length. */
const REQUEST_ID = /^[\x21-\x7e]{1,200}$/;

/**
 * The call that an HTTP request is, but for its body. The caller's `Authorization` stays behind: it is for this agent.
 *
 * @param url path and query as they came
 */
export function callOf(request: IncomingMessage, url: string): Call {
  const headers: Record<string, string> = {};
  for (const name in request.headers) {
    const value = request.headers[name];
    if (name === 'authorization' || value === undefined) continue;
    headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  const given = headers['snyk-request-id'] ?? '';
  const requestId = REQUEST_ID.test(given) ? given : randomUUID();
  return { requestId, method: request.method ?? '', url, headers, body: null };
}

/** Whether a body comes with the request, be it empty. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Whether Node has taken the chunks away and left another coding, such as gzip, on what it gives as the body. */
export const hasOddCoding = ({ headers }: IncomingMessage): boolean =>
  (headers['transfer-encoding'] ?? 'chunked').trim().toLowerCase() !== 'chunked';

/** The bytes of a body, `null` when there is none; or why there are none to be had. */
export type ReadBody = Buffer | null | 'PAYLOAD_TOO_LARGE' | 'BUSY' | 'gone';

export interface ReadBodyOptions {
  /** Default 10 MiB. */
  readonly largestBytes?: number;
  /** For the whole body; who takes longer is `gone`. */
  readonly limitMs?: number;
}

/**
 * Reads a body, byte for byte.
 *
 * @param take asked for room for so many more bytes; `false`: there is none
 */
export function readBody(
  request: IncomingMessage,
  take: (bytes: number) => boolean,
  { largestBytes = LARGEST_BODY_BYTES, limitMs }: ReadBodyOptions = {},
): Promise<ReadBody> {
  if (!hasBody(request)) return Promise.resolve(null);
  if (Number(request.headers['content-length'] ?? 0) > largestBytes)
    return Promise.resolve('PAYLOAD_TOO_LARGE');
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const end = (outcome: ReadBody) => {
      clearTimeout(limit);
      resolve(outcome);
    };
    const stop = (why: ReadBody) => {
      request.removeAllListeners('data').pause();
      end(why);
    };
    const limit = limitMs === undefined ? undefined : setTimeout(stop, limitMs, 'gone');
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > largestBytes) return stop('PAYLOAD_TOO_LARGE');
      if (!take(chunk.length)) return stop('BUSY');
      chunks.push(chunk);
    });
    request.on('end', () => end(length === 0 ? null : Buffer.concat(chunks, length)));
    request.on('error', () => end('gone'));
    request.on('close', () => end('gone'));
  });
}
