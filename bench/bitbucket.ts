/**
 * The Bitbucket of the field, a process of its own: `node bench/bitbucket.ts`. The first line it writes has its URL.
 * Pages that are measured are made once by the simulator and then come out of memory, with all their headers, so that
 * this process costs little and every contender is sent the same bytes. Files come out of one block, as fast as they
 * are read. All else is answered by the simulator.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'undici';
import { startBitbucket } from '../sandbox/bitbucket/server.ts';
import { createWorld } from '../sandbox/bitbucket/world.ts';
import { API, archive, LARGE_PAGE, LOGIN, SMALL_PAGE } from './places.ts';

interface KeptPage {
  readonly headers: readonly string[];
  readonly body: Buffer;
}

const KEEP_ALIVE_MS = 3_600_000;
/** Enough to keep a reader busy, small enough to stay in the processor's cache. */
const BLOCK = Buffer.alloc(256 * 1024, 'The quick brown fox jumps over the lazy dog. 0123456789 ABCDEF\n');
/** Between two hosts only; Node writes its own. */
const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date']);

const pages = new Map<string, KeptPage>();
const archiveStart = `${API}${archive(0)}`.slice(0, -1);
const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;

function ahead({ url = '', headers }: IncomingMessage, response: ServerResponse): boolean {
  if (headers.authorization !== authorization) return false;
  const page = pages.get(url);
  if (page !== undefined) {
    response.writeHead(200, page.headers as string[]);
    response.end(page.body);
    return true;
  }
  if (!url.startsWith(archiveStart)) return false;
  stream(response, Number(url.slice(archiveStart.length)));
  return true;
}

/** Writes a block whenever the one before is gone, until all is written or the reader is gone. */
function stream(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes });
  let left = bytes;
  const go = () => {
    while (left > 0) {
      const block = left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
      left -= block.length;
      if (!response.write(block)) return void response.once('drain', go);
    }
    response.end();
  };
  go();
}

async function keep(origin: string, path: string): Promise<void> {
  const { statusCode, headers, body } = await request(`${origin}${path}`, { headers: { authorization } });
  if (statusCode !== 200) throw new Error(`${path}: ${statusCode} ${await body.text()}`);
  const kept = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || OF_THE_CONNECTION.has(name)) return [];
    return [value].flat().flatMap((each) => [name, each]);
  });
  pages.set(path, { headers: kept, body: Buffer.from(await body.arrayBuffer()) });
}

const { url } = await startBitbucket({
  world: createWorld({ users: 300 }),
  credentials: [{ ...LOGIN, role: 'user' }],
  keepRequests: 0,
  keepAliveMs: KEEP_ALIVE_MS,
  ahead,
});
for (const page of [SMALL_PAGE, LARGE_PAGE]) await keep(url, `${API}${page}`);
console.log(JSON.stringify({ url }));
