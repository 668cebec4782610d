import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Secret } from '../config/secret.ts';
import type { Network } from '../network/network.ts';
import { nodeHttp, nodeHttps } from '../node-http.ts';

/** The beginning of an answer; more is not read. */
export interface AskedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The body as JSON; `undefined` when it is none. */
  readonly json: unknown;
}

const LONGEST_BYTES = 1024 * 1024;
const CONNECT_MS = 10_000;
const KEEP_ALIVE_MS = 1_000;

/**
 * Asks by the same way out as the agent's own traffic. Redirects are not followed.
 *
 * @param options `token` is sent as `Bearer`
 */
export async function ask(
  network: Network,
  url: string,
  { method = 'GET', signal, token }: { method?: 'GET' | 'HEAD'; signal: AbortSignal; token?: Secret },
): Promise<AskedAnswer> {
  const { origin, pathname, search } = new URL(url);
  const pool = network.dispatcher(origin, {
    connections: 1,
    connectTimeoutMs: CONNECT_MS,
    keepAliveMs: KEEP_ALIVE_MS,
  });
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` }),
  };
  const response = await pool.request({ origin, path: pathname + search, method, headers, signal });
  const text = await beginningOf(response.body);
  return { status: response.statusCode, headers: response.headers, text, json: parsed(text) };
}

/**
 * Asks a port of this host, past any proxy. Whether its certificate is a good one is for other callers to judge:
 * nothing but a token that was given for it goes there.
 */
export async function askHere(
  url: string,
  { signal, token }: { signal: AbortSignal; token?: string },
): Promise<AskedAnswer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const options = { headers, signal, agent: false } as const;
  const request = url.startsWith('https:')
    ? nodeHttps.request(url, { ...options, rejectUnauthorized: false })
    : nodeHttp.request(url, options);
  // What fails once the beginning of an answer was read is nobody's concern.
  request.on('error', () => {});
  request.end();
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = await beginningOf(response);
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: parsed(text) };
}

async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= LONGEST_BYTES) break;
  }
  return Buffer.concat(chunks, Math.min(bytes, LONGEST_BYTES)).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A member of a JSON object; `undefined` for what is none. */
export const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
