/**
 * What a run is measured against: `node bench/sync/bare-loop.ts URLS CONCURRENCY fetch|parse`. Asks for the pages that
 * stand in the file URLS one after the other, so many at a time, unpacks each and, with `parse`, parses its JSON.
 * Nothing is kept. It writes one line with the seconds that took.
 */
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Pool } from 'undici';
import { LOGIN } from './places.ts';

const [file = '', concurrency = '8', manner = 'fetch'] = process.argv.slice(2);
const { origin, paths } = JSON.parse(readFileSync(file, 'utf8')) as { origin: string; paths: string[] };
const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
const headers = { accept: 'application/json', 'accept-encoding': 'gzip', authorization };
const pool = new Pool(origin, { connections: Number(concurrency), pipelining: 1 });
const unpack = promisify(gunzip);

async function read(path: string): Promise<void> {
  const { statusCode, headers: told, body } = await pool.request({ path, method: 'GET', headers });
  const packed = Buffer.from(await body.arrayBuffer());
  if (statusCode !== 200) throw new Error(`status ${statusCode} for ${path}`);
  const bytes = told['content-encoding'] === 'gzip' ? await unpack(packed) : packed;
  if (manner === 'parse') JSON.parse(bytes.toString('utf8'));
}

async function work(left: Iterator<string>): Promise<void> {
  for (let next = left.next(); next.done !== true; next = left.next()) await read(next.value);
}

const started = performance.now();
const left = paths.values();
await Promise.all(Array.from({ length: Number(concurrency) }, () => work(left)));
console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000 }));
await pool.close();
