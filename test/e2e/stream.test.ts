import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { STREAM_BLOCK, streamBlocks, streamSha256 } from '../../sandbox/bitbucket/stream.ts';
import { until } from '../../sandbox/deadline.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';

const MIB = 1024 * 1024;
const PATH = '/projects/PLAT/repos/gateway/raw/catalog-info.yaml';
const SMALL = '/application-properties';
const WARM_UP_CALLS = 300;
/** What 1 GiB may add. */
const MOST_ADDED = 48 * MIB;

afterEach(endAll);

async function stageOf(agentEnv: Readonly<Record<string, string>> = {}): Promise<Stage> {
  const stage = await startStage({ agentEnv });
  atTheEnd(() => stage.close());
  return stage;
}

interface Reading {
  readonly bytes: number;
  readonly sha256: string;
}

async function readAll(body: Readable): Promise<Reading> {
  const sum = createHash('sha256');
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sum.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: sum.digest('hex') };
}

/** The agent's peak after small calls alone; a stream's buffers are not part of it. */
async function peakAfterSmallCalls({ call, agent }: Stage): Promise<number> {
  for (let count = 0; count < WARM_UP_CALLS; count += 10) {
    const ten = Array.from({ length: 10 }, (_, at) =>
      call(SMALL, { over: at % 2 === 0 ? 'socket' : 'stream' }),
    );
    for (const { status } of await Promise.all(ten)) expect(status).toBe(200);
  }
  return agent.memory().peak;
}

describe('a large answer over the stream path', () => {
  it.each(['length', 'chunked'] as const)('256 MiB arrive byte for byte, framed by %s', async (framing) => {
    const { bitbucket, open, agent } = await stageOf();
    const bytes = 256 * MIB;
    bitbucket.faults.add({ match: `/rest/api/1.0${PATH}`, kind: 'stream', bytes, framing });
    const { status, headers, body, requestId } = await open(PATH, { over: 'stream' });
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/octet-stream');
    if (framing === 'length') expect(headers['content-length']).toBe(String(bytes));
    expect(await readAll(body)).toEqual({ bytes, sha256: streamSha256(bytes) });
    const line = await agent.waitForLog((one) => one.requestId === requestId, 5_000);
    expect(line).toMatchObject({ message: 'relayed', status: 200, bytes });
  }, 60_000);
});

describe('the memory of the agent', () => {
  it('grows by less than 48 MiB while 1 GiB goes through', async () => {
    const stage = await stageOf();
    const bytes = 1024 * MIB;
    stage.bitbucket.faults.add({ match: `/rest/api/1.0${PATH}`, kind: 'stream', bytes, framing: 'length' });
    const before = await peakAfterSmallCalls(stage);
    const { body } = await stage.open(PATH, { over: 'stream' });
    let received = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) received += chunk.length;
    expect(received).toBe(bytes);
    const added = stage.agent.memory().peak - before;
    expect(added).toBeLessThan(MOST_ADDED);
  }, 90_000);

  it('does not grow while the caller does not read: Bitbucket is held back', async () => {
    const total = 512 * MIB;
    const upstream = await startUpstream(total);
    const stage = await stageOf({ BITBUCKET_URL: upstream.url });
    const before = await peakAfterSmallCalls(stage);
    const { body, status } = await stage.open(PATH, { over: 'stream' });
    expect(status).toBe(200);
    const stuckAt = await standstill(() => upstream.sent());
    expect(stuckAt).toBeLessThan(total / 2);
    expect(stage.agent.memory().peak - before).toBeLessThan(MOST_ADDED);

    expect(await readAll(body)).toEqual({ bytes: total, sha256: streamSha256(total) });
    expect(stage.agent.memory().peak - before).toBeLessThan(MOST_ADDED);
  }, 90_000);

  it('does not grow when callers leave in the middle, and other calls go on', async () => {
    const upstream = await startUpstream(512 * MIB);
    const stage = await stageOf({ BITBUCKET_URL: upstream.url });
    const before = await peakAfterSmallCalls(stage);
    for (let caller = 0; caller < 8; caller += 1) {
      const { body } = await stage.open(PATH, { over: 'stream' });
      await new Promise((resolve) => body.once('data', resolve));
      body.on('error', () => {}).destroy();
    }
    await standstill(() => upstream.sent());
    for (const over of ['socket', 'stream'] as const) {
      expect((await stage.call(SMALL, { over })).status).toBe(200);
    }
    expect(stage.agent.memory().peak - before).toBeLessThan(MOST_ADDED);
  }, 60_000);
});

interface Upstream {
  readonly url: string;
  /** Bytes of large answers handed to their connections, which hold no more than they must. */
  sent(): number;
}

/** In Bitbucket's place: large answers that obey back-pressure and are counted, small ones to anything else. */
async function startUpstream(bytes: number): Promise<Upstream> {
  let sent = 0;
  function* counted(): Generator<Buffer> {
    for (const block of streamBlocks(bytes)) {
      sent += block.length;
      yield block;
    }
  }
  const server = createServer((request, response) => {
    if (!request.url?.endsWith(PATH)) return void response.end('{"version":"9.4.0"}');
    response.writeHead(200, { 'content-length': String(bytes) });
    pipeline(Readable.from(counted(), { objectMode: false }), response, () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atTheEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent: () => sent };
}

/** The value at which a counter stood still for a second. */
async function standstill(counter: () => number): Promise<number> {
  let last = counter();
  let equal = 0;
  return until(
    async () => {
      const now = counter();
      equal = now === last && now >= STREAM_BLOCK ? equal + 1 : 0;
      last = now;
      return equal >= 10 ? now : undefined;
    },
    { timeoutMs: 30_000, everyMs: 100, what: 'the answer of Bitbucket stands still' },
  );
}
