import { afterEach, describe, expect, it } from '@jest/globals';
import type { ReceiverAnswer } from '../../../sandbox/receiver.ts';
import type { Destination } from '../../../src/inventory/deliver/destination.ts';
import { endAll, failure } from '../../kit/way-out.ts';
import { deliveryStage, held, repositories, user, users } from './delivery-stage.ts';

afterEach(endAll);

const world = { users: users(1, 620), repositories: repositories(1, 40) };
const small = { users: users(1, 3), repositories: repositories(1, 2) };
const answer =
  (status: number, more: ReceiverAnswer = {}) =>
  () => ({ status, ...more });

type Stage = Awaited<ReturnType<typeof deliveryStage>>;
const heldBy = ({ model: { users, repositories } }: Stage) => ({ users, repositories });
const sizes = ({ model }: Stage) =>
  model.batches.map(({ sequence, resources, deleted, final }) => [
    sequence,
    resources,
    deleted,
    final !== null,
  ]);

describe('a delivery', () => {
  it('sends all at first, then only what changed, and ends each run with its counts', async () => {
    const stage = await deliveryStage();
    const first = stage.collect(world, 'snapshot');
    expect(await stage.send(first)).toEqual({ state: 'complete', batches: 3, requests: 3 });
    expect(stage.finish('complete').sent).toBe(660);
    expect(heldBy(stage)).toEqual(held(world));
    expect(sizes(stage)).toEqual([
      [1, 500, 0, false],
      [2, 160, 0, false],
      [3, 0, 0, true],
    ]);

    const unchanged = stage.collect(world);
    expect(await stage.send(unchanged)).toMatchObject({ state: 'complete', batches: 1 });
    stage.finish('complete');

    const changed = {
      users: new Map([...world.users, [7, user(7, 'new')]]),
      repositories: repositories(2, 39),
    };
    expect(await stage.send(stage.collect(changed))).toMatchObject({ state: 'complete', batches: 2 });
    expect(heldBy(stage)).toEqual(held(changed));
    expect(sizes(stage).slice(3)).toEqual([
      [1, 0, 0, true],
      [1, 1, 1, false],
      [2, 0, 0, true],
    ]);
    expect(stage.model.batches.at(-1)?.final).toEqual({ users: 620, repositories: 39, skipped: 0 });
    expect([stage.model.problems, stage.model.duplicates]).toEqual([[], 0]);
  });

  it('tells what happens', async () => {
    const stage = await deliveryStage();
    stage.answerNext(answer(503));
    await stage.send(stage.collect(small));
    expect(stage.events).toEqual([
      { kind: 'again', sequence: 1, tries: 1, waitMs: 500, status: 503, error: null },
      { kind: 'acknowledged', sequence: 1, size: 5, sent: 5 },
      { kind: 'acknowledged', sequence: 2, size: 0, sent: 5 },
    ]);
  });
});

describe('a try that fails', () => {
  it('is followed by others, ever later, until one passes, with the same bytes', async () => {
    const stage = await deliveryStage();
    const statuses = [500, 502, 503, 504, 429, 408, 500, 500, 500, 500, 500, 500];
    stage.answerNext(...statuses.map((status) => answer(status)));
    expect(await stage.send(stage.collect(small))).toEqual({ state: 'complete', batches: 2, requests: 14 });
    expect(stage.waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((s) => s * 500));
    const bodies = stage.server.received.slice(0, 13).map(({ body }) => body.toString('base64'));
    expect(new Set(bodies).size).toBe(1);
    expect(heldBy(stage)).toEqual(held(small));
  });

  it('waits as long as the receiver asks, ten minutes at most, and never less than its own wait', async () => {
    const stage = await deliveryStage();
    stage.answerNext(
      answer(429, { headers: { 'retry-after': '30' } }),
      answer(503, { headers: { 'retry-after': '86400' } }),
      answer(503, { headers: { 'retry-after': '0' } }),
    );
    await stage.send(stage.collect(small));
    expect(stage.waits).toEqual([30_000, 600_000, 2_000]);
  });

  it('may have arrived all the same: the receiver takes the batch once', async () => {
    const stage = await deliveryStage();
    stage.answerNext((request) => {
      stage.model.respond(request);
      return { status: 502 };
    });
    await stage.send(stage.collect(small));
    expect([stage.model.duplicates, stage.model.problems]).toEqual([1, []]);
    expect(heldBy(stage)).toEqual(held(small));
  });

  it('may have had no answer at all', async () => {
    const stage = await deliveryStage();
    const run = stage.collect(small);
    await stage.server.close();
    const stop = new AbortController();
    const pause = async (ms: number) => {
      if (stage.waits.push(ms) === 3) stop.abort();
    };
    expect(await failure(stage.send(run, { pause, signal: stop.signal }))).toMatchObject({
      code: 'RUN_INTERRUPTED',
    });
    expect(stage.events).toHaveLength(3);
    expect(stage.events[0]).toMatchObject({ status: null, error: { code: 'DESTINATION_UNREACHABLE' } });
    expect(stage.ledger.waiting()?.sequence).toBe(1);
  });

  it('that is a defect is not tried again', async () => {
    const stage = await deliveryStage();
    const defect = new TypeError('a defect');
    const destination = { ...stage.destination, send: () => Promise.reject(defect) };
    expect(await failure(stage.send(stage.collect(small), { destination }))).toBe(defect);
  });
});

describe('a batch that is too large', () => {
  /** A receiver that takes 20,000 bytes at most, before compression. */
  const narrow = (stage: Stage): Destination => {
    let size = 0;
    stage.server.respond((request) => (size > 20_000 ? { status: 413 } : stage.model.respond(request)));
    return {
      ...stage.destination,
      send: (shipment, signal) => {
        size = shipment.body.length;
        return stage.destination.send(shipment, signal);
      },
    };
  };

  it('is halved until it fits; what was learned holds for the batches after it', async () => {
    const stage = await deliveryStage();
    const destination = narrow(stage);
    const large = { users: users(1, 700, 'x'.repeat(100)), repositories: repositories(1, 700) };
    const result = await stage.send(stage.collect(large), { destination });
    expect(result.state).toBe('complete');
    expect(heldBy(stage)).toEqual(held(large));
    expect(stage.model.problems).toEqual([]);
    const sequences = stage.server.received.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(sequences).size).toBe(sequences.length);
    expect(result.requests - result.batches).toBeLessThan(16);
  });

  it('is parked when it is a single record, and the rest goes on', async () => {
    const stage = await deliveryStage();
    const destination = narrow(stage);
    const people = new Map([...users(1, 20), [10, user(10, 'x'.repeat(30_000))]]);
    const run = stage.collect({ users: people, repositories: new Map() });
    expect(await stage.send(run, { destination })).toMatchObject({ state: 'parked' });
    expect(stage.ledger.parked()).toMatchObject([{ runId: run.runId, size: 1, status: 413 }]);
    people.delete(10);
    expect(heldBy(stage)).toEqual(held({ users: people, repositories: new Map() }));
    expect(stage.model.batches.some(({ final }) => final !== null)).toBe(false);
  });
});

describe('a destination that is wrong itself', () => {
  it.each([
    301, 401, 403, 404, 405,
  ])('parks nothing after %i, says what to set, and gets the same batch later', async (status) => {
    const stage = await deliveryStage();
    stage.answerNext(answer(status, { body: '{"code":"NO\\n"}' }));
    const run = stage.collect(small);
    const error = await failure(stage.send(run));
    expect(error).toMatchObject({
      code: 'DESTINATION_REFUSED',
      message: `${stage.server.url}/ refused with status ${status}: {"code":"NO\\n"}`,
      hint: expect.stringContaining('ESSENTIALS_'),
    });
    expect(stage.ledger.parked()).toEqual([]);
    stage.reopen();
    expect(stage.ledger.unfinished()?.runId).toBe(run.runId);
    expect(await stage.send(run)).toMatchObject({ state: 'complete' });
    const [refused, taken] = stage.server.received;
    expect(taken?.body.equals(refused?.body ?? Buffer.alloc(0))).toBe(true);
    expect(heldBy(stage)).toEqual(held(small));
  });

  it('is not what a 404 means once a batch of the run was acknowledged', async () => {
    const stage = await deliveryStage();
    stage.answerNext(() => null, answer(404));
    expect(await stage.send(stage.collect(world))).toMatchObject({ state: 'parked' });
  });
});

describe('a delivery that is broken off', () => {
  it.each([
    ['before a request', false],
    ['after the receiver has it, before the answer', true],
  ])('%s, at any of them, ends with the right set', async (_name, arrives) => {
    for (let at = 1; at <= 3; at += 1) {
      const stage = await deliveryStage();
      const run = stage.collect(world, 'snapshot');
      const stop = new AbortController();
      let requests = 0;
      const destination: Destination = {
        ...stage.destination,
        send: async (shipment, signal) => {
          requests += 1;
          if (requests === at && !arrives) stop.abort();
          const reply = await stage.destination.send(shipment, signal);
          if (requests < at) return reply;
          stop.abort();
          throw new Error('the process has ended');
        },
      };
      const end = await failure(stage.send(run, { destination, signal: stop.signal }));
      expect(end).toMatchObject({ code: 'RUN_INTERRUPTED' });
      stage.reopen();
      const unfinished = stage.ledger.unfinished();
      expect(unfinished?.runId).toBe(run.runId);
      expect(await stage.send(unfinished ?? run)).toMatchObject({ state: 'complete' });
      expect(heldBy(stage)).toEqual(held(world));
      expect([stage.model.problems, stage.model.duplicates]).toEqual([[], arrives ? 1 : 0]);
      await endAll();
    }
  });

  it('between the acknowledgement of its final and its end sends nothing more', async () => {
    const stage = await deliveryStage();
    const run = stage.collect(small, 'snapshot');
    expect(await stage.send(run)).toMatchObject({ state: 'complete', batches: 2 });
    stage.reopen();
    expect(stage.ledger.unfinished()?.runId).toBe(run.runId);
    expect(await stage.send(run)).toEqual({ state: 'complete', batches: 0, requests: 0 });
    expect(stage.finish('complete').state).toBe('complete');
    expect(stage.model.batches.filter(({ final }) => final !== null)).toHaveLength(1);
    expect(stage.model.problems).toEqual([]);
  });

  it('goes on where it was halved', async () => {
    const stage = await deliveryStage();
    const stop = new AbortController();
    stage.answerNext(answer(413));
    const progress = ({ kind }: { kind: string }) => {
      if (kind === 'halved') stop.abort();
    };
    const run = stage.collect(world);
    await failure(stage.send(run, { progress, signal: stop.signal }));
    stage.reopen();
    expect(await stage.send(run)).toMatchObject({ state: 'complete' });
    expect(sizes(stage)[0]).toEqual([2, 250, 0, false]);
    expect(heldBy(stage)).toEqual(held(world));
    expect(stage.model.problems).toEqual([]);
  });
});
