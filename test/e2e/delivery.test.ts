import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import type { ReceivedRequest, ReceiverAnswer } from '../../sandbox/receiver.ts';
import { bodyOf, type CommandStage, gate, startCommandStage, told, type Workbench } from './command.ts';
import { countsOf, heldBy, truthOf } from './inventory-truth.ts';

const WAIT_MS = 15_000;
/** More than a batch holds. */
const WORLD = createWorld({ users: 700 });

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage({ bitbucket: { world: WORLD } });
});
afterAll(() => desk?.close());

const keyOf = (request: ReceivedRequest | undefined) => request?.headers['idempotency-key'];
const bytesOf = (request: ReceivedRequest | undefined) => request?.body.toString('utf8');

function expectAll({ receiver }: Workbench): void {
  const truth = truthOf(desk.stage.bitbucket);
  expect(heldBy(receiver)).toEqual(truth);
  expect(receiver.batches.at(-1)?.final).toMatchObject(countsOf(truth));
  expect(receiver.problems).toEqual([]);
}

/** Answers the first batches with these, and whatever comes later as a receiver does. */
function firstAnswers(bench: Workbench, ...answers: readonly ReceiverAnswer[]): void {
  const left = [...answers];
  desk.stage.receiver.respond((request) => left.shift() ?? bench.receiver.respond(request));
}

describe('by the tunnel', () => {
  it('batches arrive by POST at ESSENTIALS_PATH as JSON:API, in order, at most 500 in one', async () => {
    const bench = desk.fresh();
    expect((await bench.sync()).code).toBe(0);
    expectAll(bench);
    expect(bench.receiver.batches.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(bench.receiver.batches[0]?.resources).toBe(500);
    for (const { method, url, headers } of bench.received()) {
      expect({ method, url, type: headers['content-type'] }).toEqual({
        method: 'POST',
        url: '/essentials/v1/batches',
        type: 'application/vnd.api+json',
      });
    }
  });

  it('408, 429 and 503 are tried again until they pass: the same bytes, the same key', async () => {
    const bench = desk.fresh();
    firstAnswers(bench, { status: 503 }, { status: 429, headers: { 'retry-after': '1' } }, { status: 408 });
    const { code, output } = await bench.sync();
    expect(code).toBe(0);
    expectAll(bench);
    const [first, ...more] = bench.received().slice(0, 4);
    expect(more.map(keyOf)).toEqual([keyOf(first), keyOf(first), keyOf(first)]);
    expect(more.map(bytesOf)).toEqual([bytesOf(first), bytesOf(first), bytesOf(first)]);
    for (const status of [503, 429, 408]) expect(output).toMatch(`batch 1: status ${status}; again in`);
    const [, wait] = /status 429; again in (\S+) s/.exec(output) ?? [];
    expect(Number(wait)).toBeGreaterThanOrEqual(1);
  });

  it('a process killed while the receiver fails: the next one sends the same bytes under the same key', async () => {
    const bench = desk.fresh();
    desk.stage.receiver.respond(() => ({ status: 503 }));
    const agent = await bench.begin(['sync', '--once']);
    await agent.waitForLog(({ message }) => /^batch 1: status 503/.test(String(message)), WAIT_MS);
    await agent.terminate('SIGKILL');
    const before = bench.received();
    desk.stage.receiver.respond(bench.receiver.respond);
    desk.stage.bitbucket.requests.length = 0;
    const { code, output } = await bench.sync();
    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringMatching(/earlier run is not delivered yet/),
    });
    const again = bench.received()[before.length];
    expect([keyOf(again), bytesOf(again)]).toEqual([keyOf(before[0]), bytesOf(before[0])]);
    const runs = new Set(bench.receiver.batches.map(({ runId }) => runId));
    expect(runs.size).toBe(2);
    expectAll(bench);
  });

  it('killed after the receiver took a batch and before it said so: that batch comes twice, nothing else', async () => {
    const bench = desk.fresh();
    const held = gate();
    desk.stage.receiver.respond(async (request) => {
      const answer = bench.receiver.respond(request);
      await held.passed;
      return answer;
    });
    const agent = await bench.begin(['sync', '--once']);
    await desk.stage.receiver.waitFor((request) => bench.received().includes(request), WAIT_MS);
    await agent.terminate('SIGKILL');
    held.open();
    desk.stage.receiver.respond(bench.receiver.respond);
    expect((await bench.sync()).code).toBe(0);
    expect(bench.receiver.duplicates).toBe(1);
    expectAll(bench);
  });

  it('a broker server killed in mid-delivery and started again: delivered', async () => {
    const bench = desk.fresh();
    const held = gate();
    desk.stage.receiver.respond(async (request) => {
      const answer = bench.receiver.respond(request);
      await held.passed;
      return answer;
    });
    const agent = await bench.begin(['sync', '--once']);
    await desk.stage.receiver.waitFor((request) => bench.received().includes(request), WAIT_MS);
    await desk.stage.broker.kill();
    await agent.waitForLog(({ message }) => /^batch 1: .*tunnel.*again in/i.test(String(message)), WAIT_MS);
    held.open();
    await desk.stage.broker.restart();
    expect((await agent.exited).code).toBe(0);
    expect(bench.receiver.duplicates).toBe(1);
    expectAll(bench);
  }, 40_000);

  it('413 halves the batch, each half under a sequence of its own, until it fits', async () => {
    const bench = desk.fresh();
    desk.stage.receiver.respond((request) =>
      bodyOf(request).data.length > 150
        ? { status: 413, body: 'too large' }
        : bench.receiver.respond(request),
    );
    const { code, output } = await bench.sync();
    expect(code).toBe(0);
    expect(output).toMatch(/batch 1: too large for the receiver, halved/);
    expectAll(bench);
    const sequences = bench.received().map((request) => bodyOf(request).meta.sequence);
    expect(new Set(sequences).size).toBe(sequences.length);
    const resources = bench.receiver.batches.reduce((sum, batch) => sum + batch.resources, 0);
    const { users, repositories } = countsOf(truthOf(desk.stage.bitbucket));
    expect(resources).toBe(users + repositories);
    expect(told(output, 'sent')).toBe(String(resources));
  });
});

describe('a batch that the receiver refuses for good', () => {
  it('is parked, exit code 4, with the receiver’s words; the rest arrives; once mended the next run is complete', async () => {
    const bench = desk.fresh();
    const refusal = JSON.stringify({ errors: [{ detail: 'user admin is not to my taste' }] });
    const isOdd = (request: ReceivedRequest) => request.body.includes('"username":"admin"');
    desk.stage.receiver.respond((request) =>
      isOdd(request) ? { status: 422, body: refusal } : bench.receiver.respond(request),
    );
    for (const run of [1, 2]) {
      const { code, output } = await bench.sync();
      expect({ run, code }).toEqual({ run, code: 4 });
      expect(told(output, 'outcome')).toMatch(/receiver refused batches for good/);
      // The second time round its neighbours arrive: who was refused comes last and in smaller company.
      const parked = run === 1 ? 'batch 1 (500 entities)' : 'batch 2 (32 entities)';
      expect(told(output, 'parked')).toBe(`${parked}, status 422: ${refusal}`);
      expect(bench.receiver.batches.filter(({ final }) => final !== null)).toEqual([]);
      const { users, repositories } = countsOf(truthOf(desk.stage.bitbucket));
      expect(bench.receiver.users.size).toBe(users - (run === 1 ? 500 : 32));
      expect(bench.receiver.repositories.size).toBe(repositories);
    }
    desk.stage.receiver.respond(bench.receiver.respond);
    const { code, output } = await bench.sync();
    expect({ code, parked: told(output, 'parked') }).toEqual({ code: 0, parked: undefined });
    expectAll(bench);
  });

  it('404 once something was acknowledged is of the batch, not of the place: parked', async () => {
    const bench = desk.fresh();
    firstAnswers(bench, { status: 202 }, { status: 404, body: 'no such thing' });
    const { code, output } = await bench.sync();
    expect({ code, parked: told(output, 'parked') }).toEqual({
      code: 4,
      parked: expect.stringMatching(/^batch 2 .*status 404: no such thing/),
    });
  });
});
