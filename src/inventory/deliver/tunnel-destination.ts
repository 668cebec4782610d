import { randomUUID } from 'node:crypto';
import type { Secret } from '../../config/secret.ts';
import { AgentError } from '../../errors.ts';
import { retryAfterMs } from '../../retry-after.ts';
import {
  batchHeaders,
  type Destination,
  LONGEST_ANSWER_BYTES,
  type Reply,
  withoutSecrets,
} from './destination.ts';

/** A tunnel that opens within this time costs no try; milliseconds. */
const OPENING_MS = 10_000;

/** What of a tunnel is needed here. It rejects with `TUNNEL_CLOSED`, `TUNNEL_TIMEOUT` or `TUNNEL_ERROR`. */
export interface RequestTunnel {
  /** Waits for it to be open. */
  opened(signal: AbortSignal, limitMs: number): Promise<boolean>;
  request(
    request: {
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
      readonly requestId: string;
    },
    timeoutMs: number,
    /** Gives the request up. */
    signal: AbortSignal,
  ): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly body: string;
  }>;
}

export interface TunnelDestinationOptions {
  readonly path: string;
  /** For the answer to one try. */
  readonly timeoutMs: number;
  /** Hidden where an answer repeats them. The broker server adds the broker token to every request. */
  readonly secrets?: readonly Secret[];
}

/**
 * Snyk's backend, through the broker connection that is open anyway. The body travels as text, uncompressed: the broker
 * server takes `Content-Encoding` off. A tunnel that stays closed is a try that failed.
 */
export function tunnelDestination(
  tunnel: RequestTunnel,
  { path, timeoutMs, secrets = [] }: TunnelDestinationOptions,
): Destination {
  const scrub = withoutSecrets(secrets);
  return {
    name: `the tunnel (POST ${path})`,
    path,
    async send({ body, key }, signal) {
      const request = {
        method: 'POST',
        url: path,
        headers: batchHeaders(key),
        body: body.toString('utf8'),
        requestId: randomUUID(),
      };
      const {
        status,
        headers,
        body: text,
      } = await unlessAborted(signal, async () => {
        await tunnel.opened(signal, OPENING_MS);
        return tunnel.request(request, timeoutMs, signal);
      });
      return {
        status,
        text: scrub(text).slice(0, LONGEST_ANSWER_BYTES),
        retryAfterMs: retryAfterMs(headers, Date.now()),
      };
    },
    refusal(reply, first) {
      if (isBlocked(reply)) {
        return `The broker server's accept list does not let POST ${path} through. Ask Snyk for it, set ESSENTIALS_PATH to a path that is allowed, or set ESSENTIALS_DELIVERY to https or off.`;
      }
      if (reply.status < 400) {
        return 'A redirect is never followed: set ESSENTIALS_PATH to the path that takes batches.';
      }
      if (!first || (reply.status !== 404 && reply.status !== 405)) return null;
      return `Nothing behind the tunnel takes POST ${path}. Set ESSENTIALS_PATH, or set ESSENTIALS_DELIVERY to https or off.`;
    },
  };
}

/** Snyk Broker server 5.22.14: status 401, `code` in the JSON body. */
function isBlocked({ status, text }: Reply): boolean {
  if (status !== 401) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'code' in value && value.code === 'FILTER_BLOCKED';
  } catch {
    return false;
  }
}

/** An abort is told as one, at once; what the tunnel brings after it is dropped. */
async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const interrupted = () => new AgentError('RUN_INTERRUPTED', 'The delivery was stopped.');
  if (signal.aborted) throw interrupted();
  return new Promise((resolve, reject) => {
    const stop = () => reject(interrupted());
    signal.addEventListener('abort', stop, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
