import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { buildConnector, Pool } from 'undici';
import type { AnswerOutcome } from '../../src/call.ts';
import { StreamAnswer } from '../../src/tunnel/stream-answer.ts';
import { readBody, startServer, type TestServer } from '../kit/http-server.ts';

const HEAD = { status: 200, headers: { 'content-type': 'text/plain' } };
const PREFIX_LENGTH = 4 + JSON.stringify(HEAD).length;
const dropped = { note() {} };
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(handler: RequestListener, port = 0): Promise<TestServer> {
  const server = await startServer(handler, port);
  closing.push(() => server.close());
  return server;
}

function answerTo(port: number): {
  answer: StreamAnswer;
  outcome: Promise<AnswerOutcome>;
  drained: () => Promise<void>;
} {
  const origin = `http://127.0.0.1:${port}`;
  const transport = new Pool(origin, { pipelining: 1 });
  closing.push(() => transport.destroy());
  const answer = new StreamAnswer(
    { transport, origin, path: '/response-data/t/s?connection_role=primary' },
    dropped,
    () => {},
  );
  let wake = () => {};
  const outcome = new Promise<AnswerOutcome>((closed) => {
    answer.listen({ drained: () => wake(), closed });
  });
  const drained = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return { answer, outcome, drained };
}

describe('StreamAnswer', () => {
  it('sends a short answer whole', async () => {
    const seen: { url: string | undefined; length: string | undefined; body: Buffer }[] = [];
    const server = await listen(async (request, response) => {
      seen.push({
        url: request.url,
        length: request.headers['content-length'],
        body: await readBody(request),
      });
      response.end('{}');
    });
    const { answer, outcome } = answerTo(server.port);
    answer.begin(HEAD);
    answer.write(Buffer.from('hello '));
    answer.write(Buffer.from('world'));
    answer.end();
    expect(await outcome).toEqual({ status: 200, bytes: 11 });
    expect(seen[0]?.url).toBe('/response-data/t/s?connection_role=primary');
    expect(seen[0]?.length).toBe(String(PREFIX_LENGTH + 11));
    expect(seen[0]?.body.subarray(PREFIX_LENGTH).toString()).toBe('hello world');
  });

  it('lets an answer flow whose end does not come', async () => {
    const arrived = Promise.withResolvers<Buffer>();
    const server = await listen((request, response) => {
      request.once('data', (chunk: Buffer) => arrived.resolve(chunk));
      request.on('end', () => response.end('{}'));
    });
    const { answer, outcome } = answerTo(server.port);
    answer.begin(HEAD);
    expect((await arrived.promise).length).toBe(PREFIX_LENGTH);
    answer.write(Buffer.from('late'));
    answer.end();
    expect(await outcome).toEqual({ status: 200, bytes: 4 });
  });

  it('holds Bitbucket back while the server does not read, and loses nothing', async () => {
    const release = Promise.withResolvers<void>();
    let received = 0;
    const server = await listen(async (request, response) => {
      await release.promise;
      received = (await readBody(request)).length;
      response.end('{}');
    });
    const { answer, outcome, drained } = answerTo(server.port);
    const chunk = Buffer.alloc(64 * 1024, 1);
    answer.begin(HEAD);
    let written = 0;
    const total = 64 * 1024 * 1024;
    let held = 0;
    while (written < total) {
      written += chunk.length;
      if (answer.write(chunk)) continue;
      held += 1;
      const room = drained();
      if (held === 1) release.resolve();
      await room;
    }
    answer.end();
    expect(await outcome).toEqual({ status: 200, bytes: total });
    expect(received).toBe(total + PREFIX_LENGTH);
    expect(held).toBeGreaterThan(0);
  });

  it('is refused by an unknown streaming id', async () => {
    const server = await listen((request, response) => {
      request.resume().on('end', () => response.writeHead(500).end('{}'));
    });
    const { answer, outcome } = answerTo(server.port);
    answer.begin(HEAD);
    answer.end();
    expect(await outcome).toEqual({ status: 0, bytes: 0, code: 'ANSWER_LOST' });
  });

  it('breaks the POST off when the body is cut short, so that nobody takes it for whole', async () => {
    const aborted = Promise.withResolvers<string>();
    const server = await listen((request) => {
      request
        .on('error', (error) => aborted.resolve(error.message))
        .on('end', () => aborted.resolve('ended'))
        .resume();
    });
    const { answer, outcome } = answerTo(server.port);
    answer.begin({ status: 200, headers: { 'content-length': '500000' } });
    answer.write(Buffer.alloc(300_000));
    await new Promise((resolve) => server.server.once('request', resolve));
    answer.fail({ status: 502, headers: {} }, 'short', 'DOWNSTREAM_ERROR');
    expect(await outcome).toMatchObject({ status: 0, code: 'DOWNSTREAM_ERROR' });
    expect(await aborted.promise).toBe('aborted');
  });

  it('gives a whole other answer when it fails before anything was sent', async () => {
    let body: Buffer = Buffer.alloc(0);
    const server = await listen(async (request, response) => {
      body = await readBody(request);
      response.end('{}');
    });
    const { answer, outcome } = answerTo(server.port);
    answer.begin(HEAD);
    answer.write(Buffer.from('half of'));
    answer.fail(
      { status: 504, headers: {}, errorType: 'DOWNSTREAM_TIMEOUT' },
      '{"code":1}',
      'DOWNSTREAM_TIMEOUT',
    );
    answer.end();
    expect(await outcome).toEqual({ status: 504, bytes: 0, code: 'DOWNSTREAM_TIMEOUT' });
    expect(body.subarray(4).toString()).toBe(
      '{"status":504,"headers":{},"errorType":"DOWNSTREAM_TIMEOUT"}{"code":1}',
    );
  });

  it.each(['whole', 'flowing'])('tries a %s answer again when nothing could be sent', async (kind) => {
    const first = await listen(() => {});
    const { port } = first;
    await first.close();
    const { answer, outcome } = answerTo(port);
    const body = Buffer.alloc(kind === 'whole' ? 10 : 200_000, 7);
    answer.begin(HEAD);
    answer.write(body);
    answer.end();
    let received = 0;
    await listen(async (request, response) => {
      received = (await readBody(request)).length;
      response.end('{}');
    }, port);
    expect(await outcome).toEqual({ status: 200, bytes: body.length });
    expect(received).toBe(PREFIX_LENGTH + body.length);
  });

  it('leaves nothing of an answer that fails while its POST still connects', async () => {
    const bodies: Buffer[] = [];
    const server = await listen(async (request, response) => {
      bodies.push(await readBody(request).catch(() => Buffer.from('broken off')));
      response.end('{}');
    });
    const connecting = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const connect: buildConnector.connector = (target, callback) => {
      connecting.resolve();
      void release.promise.then(() => buildConnector({})(target, callback));
    };
    const transport = new Pool(server.origin, { connect });
    closing.push(() => transport.destroy());
    const answer = new StreamAnswer({ transport, origin: server.origin, path: '/x' }, dropped, () => {});
    const outcome = new Promise<AnswerOutcome>((closed) => answer.listen({ drained() {}, closed }));
    answer.begin({ status: 200, headers: { 'content-length': '100000' } });
    await connecting.promise;
    answer.fail({ status: 502, headers: {} }, 'why', 'DOWNSTREAM_ERROR');
    release.resolve();
    expect(await outcome).toEqual({ status: 502, bytes: 0, code: 'DOWNSTREAM_ERROR' });
    expect(bodies.map((body) => body.subarray(4).toString())).toEqual(['{"status":502,"headers":{}}why']);
  });

  it.each([
    'whole',
    'flowing',
  ])('never sends a %s answer again of which something was taken', async (kind) => {
    let posts = 0;
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => {
        posts += 1;
        socket.resetAndDestroy();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const { answer, outcome } = answerTo((server.address() as AddressInfo).port);
    answer.begin(HEAD);
    answer.write(Buffer.alloc(kind === 'whole' ? 50_000 : 500_000));
    answer.end();
    expect(await outcome).toMatchObject({ status: 0, code: 'ANSWER_LOST' });
    expect(posts).toBe(1);
  });

  it('keeps its connections', async () => {
    let connections = 0;
    const server = await listen((request, response) => {
      request.resume().on('end', () => response.end('{}'));
    });
    server.server.on('connection', () => {
      connections += 1;
    });
    const origin = `http://127.0.0.1:${server.port}`;
    const transport = new Pool(origin);
    closing.push(() => transport.destroy());
    for (let index = 0; index < 20; index += 1) {
      const answer = new StreamAnswer({ transport, origin, path: '/x' }, dropped, () => {});
      answer.begin(HEAD);
      answer.end();
      await new Promise((closed) => answer.listen({ drained() {}, closed }));
    }
    expect(connections).toBeLessThanOrEqual(2);
  });
});
