import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './deadline.ts';

export interface ReceivedRequest {
  readonly method: string;
  /** Path and query as on the wire. */
  readonly url: string;
  readonly headers: Readonly<NodeJS.Dict<string | string[]>>;
  readonly body: Buffer;
}

export interface ReceiverAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

type Responder = (request: ReceivedRequest) => ReceiverAnswer | Promise<ReceiverAnswer>;

/** The place of Snyk's backend: what leaves through the tunnel arrives here. */
export interface Receiver {
  readonly url: string;
  /** The newest 1000 requests and at most 64 MiB of bodies, oldest first. */
  readonly received: readonly ReceivedRequest[];
  /** From now on requests are answered by `responder`; before, 200 and `{}`. One that throws is a 500. */
  respond(responder: Responder): void;
  /** A request that `wanted` is true for: one received already or the next to come. Rejects when time is up. */
  waitFor(wanted: (request: ReceivedRequest) => boolean, timeoutMs: number): Promise<ReceivedRequest>;
  close(): Promise<void>;
}

const MOST_REQUESTS = 1000;
const MOST_BYTES = 64 * 1024 * 1024;

/** @param place where it listens; default a free port of 127.0.0.1 */
export async function startReceiver({
  host = '127.0.0.1',
  port: wanted = 0,
}: {
  readonly host?: string;
  readonly port?: number;
} = {}): Promise<Receiver> {
  const received: ReceivedRequest[] = [];
  let respond: Responder = () => ({});
  let bytes = 0;

  const keep = (request: ReceivedRequest) => {
    received.push(request);
    bytes += request.body.length;
    while (received.length > MOST_REQUESTS || bytes > MOST_BYTES) bytes -= received.shift()?.body.length ?? 0;
  };
  const server = createServer(async (incoming, response) => {
    const request = await read(incoming).catch(() => undefined);
    if (request === undefined) return;
    if (request === 'too large') return answer(response, { status: 413 });
    keep(request);
    try {
      answer(response, await respond(request));
    } catch (error) {
      answer(response, { status: 500, body: JSON.stringify({ message: String(error) }) });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(wanted, host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${host}:${port}`,
    received,
    respond(responder) {
      respond = responder;
    },
    waitFor: (wanted, timeoutMs) =>
      until(() => received.find(wanted), { timeoutMs, what: 'a request at the receiver', everyMs: 5 }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function read(incoming: IncomingMessage): Promise<ReceivedRequest | 'too large'> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
  }
  if (size > MOST_BYTES) return 'too large';
  const { method = '', url = '', headers } = incoming;
  return { method, url, headers, body: Buffer.concat(chunks, size) };
}

function answer(response: ServerResponse, { status = 200, headers, body = '{}' }: ReceiverAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body);
}
