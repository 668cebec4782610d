import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { streamSha256 } from '../../sandbox/bitbucket/stream.ts';
import { parsed, wireCall } from './wire-call.ts';

const PATH = '/rest/api/1.0/repos';
let bitbucket: Bitbucket;
let truth: Buffer;

beforeAll(async () => {
  bitbucket = await startBitbucket({ contextPath: '/bitbucket' });
  truth = (await wireCall(bitbucket.url, PATH)).body;
});
afterEach(() => {
  bitbucket.faults.clear();
  bitbucket.requests.length = 0;
});
afterAll(() => bitbucket.close());

const call = (headers: Record<string, string> = {}) => wireCall(bitbucket.url, PATH, { headers });

/** Calls and gives up once the simulator has the call (and, with `body`, once part of the body is here). */
async function abandon(afterBody: boolean): Promise<number> {
  const { hostname, port } = new URL(bitbucket.url);
  let received = 0;
  await new Promise<void>((resolve, reject) => {
    const path = `/bitbucket${PATH}`;
    const auth = 'agent:agent-password';
    const going = request({ hostname, port, path, auth, agent: false }, (response) => {
      response.once('data', (chunk: Buffer) => {
        received = chunk.length;
        response.once('error', () => resolve());
        going.destroy();
      });
    });
    going.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve() : reject(error),
    );
    going.end();
    if (!afterBody) void bitbucket.arrival(() => true).then(() => going.destroy());
  });
  return received;
}

describe('which calls a fault meets', () => {
  it('so many, then no more; by prefix with or without the context, or by a test', async () => {
    const fault = bitbucket.faults.add({ match: PATH, times: 2, kind: 'status', status: 503 });
    const statuses = [];
    for (let turn = 0; turn < 3; turn += 1) statuses.push((await call()).status);
    expect(statuses).toEqual([503, 503, 200]);
    expect(fault.hits).toBe(2);
    bitbucket.faults.add({ match: `/bitbucket${PATH}`, kind: 'status', status: 500 });
    expect((await call()).status).toBe(500);
    bitbucket.faults.clear();
    const picky = bitbucket.faults.add({
      match: ({ headers }) => headers['x-odd'] === '1',
      kind: 'status',
      status: 404,
    });
    expect([(await call()).status, (await call({ 'x-odd': '1' })).status]).toEqual([200, 404]);
    picky.remove();
    expect((await call({ 'x-odd': '1' })).status).toBe(200);
  });
});

describe('whole answers that are wrong', () => {
  it('a status with its own body and headers, or an errors object', async () => {
    bitbucket.faults.add({
      match: PATH,
      times: 1,
      kind: 'status',
      status: 403,
      body: 'captcha',
      headers: { 'X-A': 'b' },
    });
    const own = await call();
    expect([own.status, own.body.toString(), own.headers['x-a']]).toEqual([403, 'captcha', 'b']);
    bitbucket.faults.add({ match: PATH, kind: 'status', status: 500 });
    expect(parsed(await call()).errors).toHaveLength(1);
  });

  it('a login page with 200, a redirect elsewhere, bytes that are not UTF-8', async () => {
    bitbucket.faults.add({ match: PATH, times: 1, kind: 'login-page' });
    const page = await call();
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html;charset=UTF-8']);
    bitbucket.faults.add({
      match: PATH,
      times: 1,
      kind: 'redirect',
      status: 307,
      location: 'http://127.0.0.1:9/x',
    });
    const redirect = await call();
    expect([redirect.status, redirect.headers.location]).toEqual([307, 'http://127.0.0.1:9/x']);
    bitbucket.faults.add({ match: PATH, kind: 'not-utf8' });
    expect(isUtf8((await call()).body)).toBe(false);
  });

  it('gzip that is none, and gzip that nobody asked for', async () => {
    bitbucket.faults.add({ match: PATH, times: 1, kind: 'broken-gzip' });
    const broken = await call({ 'accept-encoding': 'gzip' });
    expect(broken.headers['content-encoding']).toBe('gzip');
    expect(() => gunzipSync(broken.body)).toThrow();
    bitbucket.faults.add({ match: PATH, kind: 'forced-gzip' });
    const forced = await call({ 'accept-encoding': 'identity' });
    expect(forced.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(forced.body)).toEqual(truth);
  });

  it('the true answer in drips, or late', async () => {
    bitbucket.faults.add({
      match: PATH,
      times: 1,
      kind: 'drip',
      bytes: Math.ceil(truth.length / 4),
      everyMs: 1,
    });
    expect((await call()).body).toEqual(truth);
    bitbucket.faults.add({ match: PATH, times: 1, kind: 'late', ms: 1 });
    expect((await call()).body).toEqual(truth);
  });
});

describe('broken connections', () => {
  it.each(['chunked', 'length'] as const)('cut in mid-body, %s', async (framing) => {
    bitbucket.faults.add({ match: PATH, kind: 'cut', framing, after: 100 });
    const answer = await call();
    expect(answer.headers[framing === 'chunked' ? 'transfer-encoding' : 'content-length']).toBeDefined();
    expect([answer.status, answer.body.length, answer.end]).toEqual([200, 100, 'ECONNRESET']);
    expect(await bitbucket.requests.at(-1)?.finished).toBe('broken');
  });

  it('a length that is too small: more bytes come than were declared', async () => {
    bitbucket.faults.add({ match: PATH, kind: 'wrong-length', by: -10 });
    const socket = connect(bitbucket.port, bitbucket.host);
    const login = Buffer.from('agent:agent-password').toString('base64');
    socket.write(
      `GET /bitbucket${PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ${login}\r\nConnection: close\r\n\r\n`,
    );
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk);
    const whole = Buffer.concat(chunks);
    const head = whole.subarray(0, whole.indexOf('\r\n\r\n'));
    expect(head.toString().toLowerCase()).toContain(`content-length: ${truth.length - 10}`);
    expect(whole.subarray(head.length + 4)).toEqual(truth);
  });

  it('a length that is too large, and a hang in mid-body: part of it comes, then nothing, until the client gives up', async () => {
    for (const kind of [
      { kind: 'wrong-length', by: 10 },
      { kind: 'hang-mid-body', after: 50 },
    ] as const) {
      bitbucket.faults.add({ match: PATH, times: 1, ...kind });
      expect(await abandon(true)).toBeGreaterThan(0);
      expect(await bitbucket.requests.at(-1)?.finished).toBe('broken');
    }
  });

  it('a hang before the first byte', async () => {
    bitbucket.faults.add({ match: PATH, kind: 'hang' });
    expect(await abandon(false)).toBe(0);
    const hung = bitbucket.requests.at(-1);
    expect([await hung?.finished, hung?.status]).toEqual(['broken', 0]);
  });

  it('a refusal: the connection ends without a byte', async () => {
    bitbucket.faults.add({ match: PATH, times: 1, kind: 'refuse' });
    await expect(call()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await call()).status).toBe(200);
  });

  it('closing ends what hangs', async () => {
    const own = await startBitbucket();
    own.faults.add({ match: '/', kind: 'hang' });
    const hanging = expect(wireCall(own.url, PATH)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await own.arrival(() => true);
    await own.close();
    await hanging;
  });
});

describe('a generated stream', () => {
  it.each(['chunked', 'length'] as const)('arrives byte for byte, %s', async (framing) => {
    const bytes = 3 * 1024 * 1024 + 17;
    bitbucket.faults.add({ match: PATH, kind: 'stream', bytes, framing });
    const answer = await call();
    expect(answer.headers['content-length']).toBe(framing === 'length' ? String(bytes) : undefined);
    expect(createHash('sha256').update(answer.body).digest('hex')).toBe(streamSha256(bytes));
    expect(/^[\x20-\x7e]*$/.test(answer.body.toString('latin1'))).toBe(true);
  });

  it('waits for a slow reader: 256 MiB never stand in memory', async () => {
    const bytes = 256 * 1024 * 1024;
    bitbucket.faults.add({ match: PATH, kind: 'stream', bytes });
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    let received = 0;
    const socket = connect(bitbucket.port, bitbucket.host);
    socket.write(`GET /bitbucket${PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    for await (const chunk of socket) {
      received += chunk.length;
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    expect(received).toBeGreaterThan(bytes);
    expect(peak).toBeLessThan(bytes * 0.75);
  });
});
