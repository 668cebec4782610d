import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { Secret } from '../../config/secret.ts';
import { AgentError, failureCode } from '../../errors.ts';
import type { Network } from '../../network/network.ts';
import { retryAfterMs } from '../../retry-after.ts';
import {
  batchHeaders,
  type Destination,
  LONGEST_ANSWER_BYTES,
  type Shipment,
  withoutSecrets,
} from './destination.ts';

const CONNECT_MS = 10_000;
const KEEP_ALIVE_MS = 4_000;

const compressed = promisify(gzip);

export interface HttpsDestinationOptions {
  readonly url: string;
  /** Sent as `Bearer` to the origin of `url` and nowhere else. */
  readonly token: Secret | null;
  /** For one try: connecting, sending and the whole answer. */
  readonly timeoutMs: number;
}

/** A receiver of the operator's own choice, straight over the network. Redirects are not followed. */
export function httpsDestination(
  network: Network,
  { url, token, timeoutMs }: HttpsDestinationOptions,
): Destination {
  const { origin, pathname, search } = new URL(url);
  const path = `${pathname}${search}`;
  const pool = network.dispatcher(origin, {
    connections: 1,
    connectTimeoutMs: Math.min(CONNECT_MS, timeoutMs),
    keepAliveMs: KEEP_ALIVE_MS,
  });
  const name = `${origin}${pathname}`;
  const scrub = withoutSecrets(token === null ? [] : [token]);

  const exchange = async ({ body, key }: Shipment, signal: AbortSignal) => {
    const headers = { ...batchHeaders(key), 'content-encoding': 'gzip', 'accept-encoding': 'identity' };
    const response = await pool.request({
      origin,
      path,
      method: 'POST',
      headers: token === null ? headers : { ...headers, authorization: `Bearer ${token.reveal()}` },
      body: await compressed(body),
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    return { ...response, text: await beginningOf(response.body) };
  };

  return {
    name,
    path: pathname,
    async send(shipment, signal) {
      const limit = AbortSignal.timeout(timeoutMs);
      try {
        const reply = await exchange(shipment, AbortSignal.any([signal, limit]));
        return {
          status: reply.statusCode,
          text: scrub(reply.text),
          retryAfterMs: retryAfterMs(reply.headers, Date.now()),
        };
      } catch (cause) {
        if (signal.aborted) throw new AgentError('RUN_INTERRUPTED', 'The delivery was stopped.');
        throw unreachable(name, limit.aborted ? `nothing within ${timeoutMs} ms` : failureCode(cause), cause);
      }
    },
    refusal({ status }, first) {
      if (status < 400) return 'A redirect is never followed: set ESSENTIALS_URL to the final address.';
      if (status === 401 || (status === 403 && first)) {
        const problem = token === null ? 'is not set' : 'is not accepted';
        return `ESSENTIALS_TOKEN ${problem}: set the token that ${name} wants.`;
      }
      if (!first || (status !== 404 && status !== 405)) return null;
      return `${name} takes no POST. Set ESSENTIALS_URL to the place that takes batches.`;
    },
  };
}

/** The cause is kept for its code; no text of it is repeated. */
function unreachable(name: string, reason: string, cause: unknown): AgentError {
  const hint =
    'Check ESSENTIALS_URL, the proxy and the firewall; for a certificate of a private CA set CA_CERT.';
  return new AgentError('DESTINATION_UNREACHABLE', `${name} gave no answer (${reason}).`, { cause, hint });
}

/** Reads what is kept of an answer; the rest of a longer one is not waited for. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes >= LONGEST_ANSWER_BYTES) break;
  }
  return Buffer.concat(chunks, Math.min(bytes, LONGEST_ANSWER_BYTES)).toString('utf8');
}
