import { getEventListeners, once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import { LoginPool } from '../../src/bitbucket/login-pool.ts';
import type { Pause } from '../../src/bitbucket/pause.ts';
import { withRateBudget } from '../../src/bitbucket/rate-budget.ts';
import { createJsonReader, type JsonReaderOptions, type JsonReply } from '../../src/bitbucket/read-json.ts';
import type { Send } from '../../src/bitbucket/send.ts';
import { AgentError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { startServer } from '../kit/http-server.ts';
import { handClock } from './hand-clock.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const LIMITS = { connectMs: 2_000, firstByteMs: 5_000, idleMs: 5_000 };
const LOGIN = new LoginPool([{ name: 'TOKEN', authorization: 'Bearer agent-token' }], silentLog);

function exchange(limits = LIMITS): Send {
  const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
  closing.push(() => network.close());
  return withAuthorization(createExchange(network, limits));
}

interface Stage {
  readonly read: (path: string, signal?: AbortSignal) => Promise<JsonReply>;
  readonly pauses: number[];
  readonly requests: IncomingMessage[];
}

/** A reader of a server that answers with `handler`; pauses are noted and not kept. */
async function stage(
  handler: (request: IncomingMessage, response: ServerResponse, count: number) => void,
  options: JsonReaderOptions = {},
): Promise<Stage> {
  const requests: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request);
    handler(request, response, requests.length);
  };
  const { origin, close } = await startServer(listener);
  closing.push(close);
  return { ...reader(origin, options), requests };
}

function reader(origin: string, options: JsonReaderOptions = {}) {
  const pauses: number[] = [];
  const pause: Pause = async (ms) => void pauses.push(ms);
  const readJson = createJsonReader(exchange(), { pause, random: () => 0.999_999, ...options });
  const read = (path: string, signal?: AbortSignal) => readJson({ origin, path, login: LOGIN, signal });
  return { read, pauses };
}

async function simulated(): Promise<Bitbucket & ReturnType<typeof reader>> {
  const bitbucket = await startBitbucket();
  closing.push(() => bitbucket.close());
  return { ...bitbucket, ...reader(bitbucket.url) };
}

const failureOf = async (work: Promise<unknown>): Promise<AgentError> => {
  const error = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AgentError)) throw error;
  return error;
};

const ok = (response: ServerResponse, body: string | Buffer, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);

describe('reading JSON', () => {
  it('asks for JSON, packed or not, as the one it logs in as', async () => {
    const { read, requests } = await stage((_request, response) =>
      ok(response, '{"a":"ü"}', { 'x-more': 'y' }),
    );
    const reply = await read('/rest/api/1.0/repos?limit=1%30');
    expect(reply).toMatchObject({
      status: 200,
      value: { a: 'ü' },
      exception: '',
      bytes: 10,
      headers: { 'x-more': 'y' },
    });
    expect(requests[0]).toMatchObject({ url: '/rest/api/1.0/repos?limit=1%30', method: 'GET' });
    expect(requests[0]?.headers).toMatchObject({
      accept: 'application/json',
      'accept-encoding': 'gzip',
      authorization: 'Bearer agent-token',
    });
  });

  it.each(['gzip', 'x-gzip', 'GZIP'])('unpacks %s, however large what comes out', async (coding) => {
    const values = Array.from({ length: 30_000 }, (_, id) => ({ id, name: `repository ${id}` }));
    const packed = gzipSync(JSON.stringify({ values }));
    const { read } = await stage((_request, response) =>
      ok(response, packed, { 'content-encoding': coding }),
    );
    expect((await read('/')).value).toEqual({ values });
  });

  it('holds Bitbucket back while it unpacks', async () => {
    const values = Array.from({ length: 60_000 }, () => Math.random());
    const packed = gzipSync(JSON.stringify({ values }));
    const { read } = await stage((_request, response) =>
      ok(response, packed, { 'content-encoding': 'gzip' }),
    );
    expect((await read('/')).value).toEqual({ values });
  });

  it('takes 204 for an answer without a value', async () => {
    const { read } = await stage((_request, response) => response.writeHead(204).end());
    expect(await read('/')).toMatchObject({ status: 204, value: undefined, exception: '' });
  });

  it('tells the status and the exception of a refusal', async () => {
    const { read, requests } = await stage((_request, response) => {
      const exceptionName = 'com.atlassian.bitbucket.AuthorisationException';
      const body = JSON.stringify({ errors: [{ context: null, message: 'no', exceptionName }] });
      response.writeHead(401, { 'content-encoding': 'gzip' }).end(gzipSync(body));
    });
    expect(await read('/')).toMatchObject({
      status: 401,
      value: undefined,
      exception: 'com.atlassian.bitbucket.AuthorisationException',
    });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['no JSON', '<html>', {}],
    ['empty', '', {}],
    ['another shape', '[null]', {}],
    ['null', 'null', {}],
    ['larger than any error', 'x'.repeat(100_000), {}],
    ['in no known coding', 'x', { 'content-encoding': 'br' }],
    ['garbled', 'x'.repeat(100), { 'content-encoding': 'gzip' }],
  ])('tells the status of a refusal whose body is %s', async (_what, body, headers) => {
    const { read, requests } = await stage((_request, response) =>
      response.writeHead(403, headers).end(body),
    );
    expect(await read('/')).toMatchObject({ status: 403, value: undefined, exception: '' });
    expect(requests).toHaveLength(1);
  });

  it('gets the true answer of the simulated server', async () => {
    const { read } = await simulated();
    expect((await read('/rest/api/1.0/application-properties')).value).toMatchObject({ version: '9.4.0' });
    expect(await read('/rest/api/1.0/projects/NONE')).toMatchObject({
      status: 404,
      exception: expect.stringMatching(/\.NoSuchProjectException$/),
    });
  });
});

describe('trying again', () => {
  it.each([408, 429, 500, 502, 503, 504])('passes over a %d that passes', async (status) => {
    const { read, requests, pauses } = await stage((_request, response, count) => {
      if (count < 3) response.writeHead(status, { 'content-type': 'text/html' }).end('<html>');
      else ok(response, '{"count":3}');
    });
    expect((await read('/')).value).toEqual({ count: 3 });
    expect(requests).toHaveLength(3);
    expect(pauses.map(Math.round)).toEqual([500, 1_000]);
  });

  it('gives up after the last try, and says with what', async () => {
    const { read, requests, pauses } = await stage((_request, response) => response.writeHead(503).end());
    const error = await failureOf(read('/rest/api/1.0/repos?limit=5'));
    expect(error).toMatchObject({ code: 'BITBUCKET_BUSY', hint: expect.stringContaining('load') });
    expect(error.message).toContain('503 to GET /rest/api/1.0/repos?limit=5, at the last of 5 tries');
    expect(requests).toHaveLength(5);
    expect(pauses.map(Math.round)).toEqual([500, 1_000, 2_000, 4_000]);
  });

  it('waits 30 s at most, and anything less by chance', async () => {
    const random = () => 0.999_999;
    const busy = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(500).end();
    const longest = await stage(busy, { tries: 10, random });
    await failureOf(longest.read('/'));
    expect(longest.pauses.map(Math.round).slice(-4)).toEqual([16_000, 30_000, 30_000, 30_000]);
    const shortest = await stage(busy, { tries: 3, random: () => 0 });
    await failureOf(shortest.read('/'));
    expect(shortest.pauses).toEqual([0, 0]);
  });

  it('does not try a status again that it does not know to pass', async () => {
    const { read, requests } = await stage((_request, response) => response.writeHead(501).end());
    expect(await read('/')).toMatchObject({ status: 501 });
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['cut, chunked', { kind: 'cut', framing: 'chunked' }],
    ['cut, with a length', { kind: 'cut', framing: 'length' }],
    ['short of its length', { kind: 'wrong-length', by: -40 }],
    ['never begun', { kind: 'refuse' }],
  ] as const)('reads an answer again that was %s', async (_what, fault) => {
    const { read, faults, requests, pauses } = await simulated();
    const set = faults.add({ match: '/rest/api/1.0/projects', times: 2, ...fault });
    const reply = await read('/rest/api/1.0/projects');
    expect((reply.value as { values: unknown[] }).values.length).toBeGreaterThan(0);
    expect(set.hits).toBe(2);
    expect(requests).toHaveLength(3);
    expect(pauses).toHaveLength(2);
  });

  it('reads a refusal again that ends too early', async () => {
    const packed = gzipSync(JSON.stringify({ errors: [{ exceptionName: 'a.NoSuchRepositoryException' }] }));
    const { read, requests } = await stage((_request, response, count) =>
      response
        .writeHead(404, { 'content-encoding': 'gzip' })
        .end(count === 1 ? packed.subarray(0, -12) : packed),
    );
    expect(await read('/')).toMatchObject({ status: 404, exception: 'a.NoSuchRepositoryException' });
    expect(requests).toHaveLength(2);
  });

  it('reads a packed answer again that ends too early, though its framing is whole', async () => {
    const packed = gzipSync(JSON.stringify({ values: [1, 2, 3] }));
    const { read, requests } = await stage((_request, response, count) =>
      ok(response, count === 1 ? packed.subarray(0, -12) : packed, { 'content-encoding': 'gzip' }),
    );
    expect((await read('/')).value).toEqual({ values: [1, 2, 3] });
    expect(requests).toHaveLength(2);
  });

  it('tells the failure itself when it stays', async () => {
    const server = await startServer(() => {});
    await server.close();
    const { read, pauses } = reader(server.origin);
    expect(await failureOf(read('/'))).toMatchObject({ code: 'DOWNSTREAM_UNREACHABLE' });
    expect(pauses).toHaveLength(4);
    const { read: readCut } = await stage((_request, response) => ok(response, '{"values":[{"id":'));
    expect(await failureOf(readCut('/a'))).toMatchObject({
      code: 'DOWNSTREAM_ERROR',
      message: "Bitbucket's answer to GET /a was cut short.",
    });
  });

  it('keeps to the rate limit through the budget, without a refusal where calls go one by one', async () => {
    const clock = handClock();
    const { url, requests, close } = await startBitbucket({
      rateLimit: { capacity: 3, fillRate: 5, now: clock.now },
    });
    closing.push(close);
    const pause: Pause = async (ms) => clock.advance(ms);
    const budget = withRateBudget(exchange(), { concurrency: 4, now: clock.now, pause });
    const statuses: number[] = [];
    const noting: Send = (request, sink) =>
      budget.send(request, {
        head: (status, headers) => {
          statuses.push(status);
          sink.head(status, headers);
        },
        data: (chunk) => sink.data(chunk),
        end: () => sink.end(),
        failed: (error) => sink.failed(error),
      });
    const readJson = createJsonReader(noting, { pause, tries: 20 });
    const request = { origin: url, path: '/rest/api/1.0/projects?limit=1', login: LOGIN };
    for (let count = 0; count < 20; count += 1) await readJson(request);
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 200));
    expect(budget.state()).toMatchObject({ limit: 4, requests: 20, inFlight: 0, waiting: 0 });
    expect(budget.state().waitedMs).toBe(17 * 200);
    const replies = await Promise.all(Array.from({ length: 20 }, () => readJson(request)));
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(requests.length).toBe(budget.state().requests);
  });
});

describe('what trying again would not change', () => {
  it.each([
    ['a login page', { kind: 'login-page' }, /no JSON \(text\/html/],
    ['bytes that are no text', { kind: 'not-utf8' }, /no JSON/],
    ['a body that is not what its coding says', { kind: 'broken-gzip' }, /cannot be unpacked/],
  ] as const)('is %s', async (_what, fault, message) => {
    const { read, faults, requests } = await simulated();
    faults.add({ match: '/rest/api/1.0/projects', ...fault });
    const error = await failureOf(read('/rest/api/1.0/projects?limit=7'));
    expect(error.code).toBe('PAGE_NOT_JSON');
    expect(error.message).toMatch(message);
    expect(error.message).toContain('GET /rest/api/1.0/projects?limit=7');
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['an empty 200', '', {}],
    ['a coding nobody asked for', 'x', { 'content-encoding': 'br' }],
  ])('is %s', async (_what, body, headers) => {
    const { read, requests } = await stage((_request, response) => ok(response, body, headers));
    expect((await failureOf(read('/'))).code).toBe('PAGE_NOT_JSON');
    expect(requests).toHaveLength(1);
  });

  it('is a redirect, which is not followed', async () => {
    const { read, faults, requests } = await simulated();
    faults.add({
      match: '/rest/',
      kind: 'redirect',
      status: 302,
      location: 'https://sso.example.com/?token=x',
    });
    const error = await failureOf(read('/rest/api/1.0/projects'));
    expect(error).toMatchObject({
      code: 'BITBUCKET_REFUSED',
      status: 302,
      hint: expect.stringContaining('BITBUCKET_URL'),
    });
    expect(JSON.stringify([error.message, error.hint])).not.toContain('sso.example.com');
    expect(requests).toHaveLength(1);
  });

  const longestBytes = 3 * 1024 * 1024;
  const flood = (response: ServerResponse) => {
    const piece = Buffer.alloc(256 * 1024, 0x20);
    const pour = () => {
      while (!response.destroyed && response.write(piece));
      if (!response.destroyed) response.once('drain', pour);
    };
    pour();
  };

  it('is a body without end, which is left at once', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const { read, requests } = await stage(
      (_request, response) => {
        closed = once(response, 'close');
        response.writeHead(200);
        flood(response);
      },
      { longestBytes },
    );
    const error = await failureOf(read('/big'));
    expect(error).toMatchObject({
      code: 'PAGE_TOO_LARGE',
      message: "Bitbucket's answer to GET /big is over 3 MiB.",
    });
    await closed;
    expect(requests).toHaveLength(1);
  });

  it.each([
    ['empty objects', '{}'],
    ['empty lists', '[]'],
    ['lists in lists', '[[[]]]'],
  ])('is a large page of nothing but %s, far more than were asked for', async (_, value) => {
    const values = `${value},`.repeat(5_000_000 / value.length);
    const packed = gzipSync(`{"values":[${values}${value}],"isLastPage":true}`);
    const { read, requests } = await stage((_request, response) =>
      ok(response, packed, { 'content-encoding': 'gzip' }),
    );
    for (const path of ['/repos?archived=ALL&limit=1000', '/projects/~jane/repos/x/default-branch'])
      expect(await failureOf(read(path))).toMatchObject({
        code: 'PAGE_INVALID',
        message: expect.not.stringContaining('jane'),
      });
    expect(requests).toHaveLength(2);
  });

  it('is not a large page of large values', async () => {
    const value = { id: 1, links: { clone: [{ href: 'x' }], self: [{}] }, description: '{'.repeat(20) };
    const values = Array.from({ length: 1_000 }, () => ({ ...value, name: 'x'.repeat(6_000) }));
    const { read } = await stage((_request, response) => ok(response, JSON.stringify({ values })));
    expect((await read('/repos?limit=1000')).value).toEqual({ values });
  });

  it('is a body that says it is too large, of which nothing is read', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const { read } = await stage(
      (_request, response) => {
        closed = once(response, 'close');
        response.writeHead(200, { 'content-length': String(longestBytes + 1) }).flushHeaders();
      },
      { longestBytes },
    );
    expect((await failureOf(read('/big'))).code).toBe('PAGE_TOO_LARGE');
    await closed;
  });

  it('is a small body that unpacks to a large one', async () => {
    const bomb = gzipSync(Buffer.alloc(longestBytes * 20, 0x20));
    let closed: Promise<unknown> = Promise.resolve();
    const { read } = await stage(
      (_request, response) => {
        closed = once(response, 'close');
        response.writeHead(200, { 'content-encoding': 'gzip' }).write(bomb);
      },
      { longestBytes },
    );
    expect((await failureOf(read('/bomb'))).code).toBe('PAGE_TOO_LARGE');
    await closed;
  });

  it('is one byte more than the limit, packed or not; the limit itself passes', async () => {
    const body = Buffer.from(JSON.stringify('x'.repeat(998)));
    expect(body).toHaveLength(1_000);
    for (const packed of [false, true]) {
      const handler = (_request: IncomingMessage, response: ServerResponse) =>
        packed ? ok(response, gzipSync(body), { 'content-encoding': 'gzip' }) : ok(response, body);
      const exact = await stage(handler, { longestBytes: 1_000 });
      expect((await exact.read('/')).value).toHaveLength(998);
      const less = await stage(handler, { longestBytes: 999 });
      expect((await failureOf(less.read('/'))).code).toBe('PAGE_TOO_LARGE');
    }
  });
});

describe('stopping', () => {
  it('sends nothing when it is stopped before', async () => {
    const { read, requests } = await stage((_request, response) => ok(response, '{}'));
    expect(await failureOf(read('/', AbortSignal.abort()))).toMatchObject({ code: 'RUN_INTERRUPTED' });
    expect(requests).toEqual([]);
  });

  it.each([
    'before the answer',
    'within the answer',
  ])('gives up a call %s, and the connection with it', async (when) => {
    const stop = new AbortController();
    let closed: Promise<unknown> = Promise.resolve();
    const { read } = await stage((_request, response) => {
      closed = once(response, 'close');
      if (when === 'within the answer') response.write('{');
      stop.abort();
    });
    expect((await failureOf(read('/', stop.signal))).code).toBe('RUN_INTERRUPTED');
    await closed;
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });

  it('ends a pause', async () => {
    const stop = new AbortController();
    const server = await startServer((_request, response) => response.writeHead(503).end());
    closing.push(server.close);
    const clock = handClock();
    const readJson = createJsonReader(exchange(), {
      pause: (ms, signal) => {
        setImmediate(() => stop.abort());
        return clock.pause(ms, signal);
      },
    });
    const reading = readJson({ origin: server.origin, path: '/', login: null, signal: stop.signal });
    expect((await failureOf(reading)).code).toBe('RUN_INTERRUPTED');
  });

  it('leaves nothing listening on a signal that many calls share', async () => {
    const { signal } = new AbortController();
    const { read } = await stage((_request, response, count) =>
      count % 2 === 0 ? ok(response, '{}') : response.writeHead(500).end(),
    );
    for (let count = 0; count < 20; count += 1) await read('/', signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
