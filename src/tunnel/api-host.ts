import type { Secret } from '../config/secret.ts';
import { AgentError, failureCode } from '../errors.ts';
import type { Network } from '../network/network.ts';
import { PROTOCOL_VERSION } from './identify.ts';
import type { OutboundAnswer, OutboundRequest } from './outbound.ts';

const CONNECT_MS = 5_000;
const KEEP_ALIVE_MS = 4_000;
const ANSWER_MS = 20_000;
const CONNECTIONS = 16;
const LARGEST_ANSWER_BYTES = 1024 * 1024;

export interface ApiHostOptions {
  readonly network: Network;
  /** `https://api.REGION`. Of its path nothing is used, as with the Snyk Broker client. */
  readonly apiBaseUrl: string;
  readonly token: Secret;
  /** For one request: connecting, sending and the whole answer, in milliseconds. */
  readonly timeoutMs?: number;
}

/**
 * The way to Snyk for webhooks while no tunnel is open: straight to the API, same method, path and bytes. Method, URL and
 * headers as the Snyk Broker client 5.22.14 sends them (its `makeHttpRequest`); unlike that client it sends each request
 * once and has a time limit. Redirects are not followed.
 *
 * @throws AgentError `API_UNREACHABLE`
 */
export function createApiHost({
  network,
  apiBaseUrl,
  token,
  timeoutMs = ANSWER_MS,
}: ApiHostOptions): (request: OutboundRequest) => Promise<OutboundAnswer> {
  const { origin } = new URL(apiBaseUrl);
  const pool = network.dispatcher(origin, {
    connections: CONNECTIONS,
    connectTimeoutMs: Math.min(CONNECT_MS, timeoutMs),
    keepAliveMs: KEEP_ALIVE_MS,
  });
  return async ({ method, url, headers, body, requestId }) => {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await pool.request({
        origin,
        path: url,
        method,
        headers: {
          ...headers,
          'user-agent': `Snyk Broker Client ${PROTOCOL_VERSION}`,
          'x-broker-origin-ua': headers['user-agent'] ?? 'not-provided',
          'x-snyk-broker': masked(token.reveal()),
          'snyk-request-id': requestId,
          'accept-encoding': 'identity',
        },
        body,
        signal: limit,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
      return {
        status: response.statusCode,
        headers: response.headers,
        body: await textOf(response.body),
      };
    } catch (cause) {
      const reason = limit.aborted ? `nothing within ${timeoutMs} ms` : failureCode(cause);
      throw new AgentError(
        'API_UNREACHABLE',
        `No tunnel is open, and Snyk's API gave no answer (${reason}).`,
        { cause, hint: 'Let the agent reach the host of API_BASE_URL, through the proxy if there is one.' },
      );
    }
  };
}

/** Which broker it is, as far as Snyk is told in this header. */
const masked = (token: string): string => `${token.slice(0, 4)}-...-${token.slice(-4)}`;

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > LARGEST_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
