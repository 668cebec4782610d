import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ReceiverAnswer } from '../../../sandbox/receiver.ts';
import { endAll } from '../../kit/way-out.ts';
import { deliveryStage, held, repositories, users } from './delivery-stage.ts';

afterEach(endAll);

const world = { users: users(1, 620), repositories: repositories(1, 40) };
const small = { users: users(1, 3), repositories: repositories(1, 2) };
const answer =
  (status: number, more: ReceiverAnswer = {}) =>
  () => ({ status, ...more });

type Stage = Awaited<ReturnType<typeof deliveryStage>>;
const heldBy = ({ model: { users, repositories } }: Stage) => ({ users, repositories });

describe('a batch that is refused', () => {
  it('is parked with the answer, the rest goes on, no final is sent, and the next run tries again', async () => {
    const stage = await deliveryStage();
    const body = `{"errors":[{"detail":"no\u001b[31m\n name${'!'.repeat(600)}"}]}`;
    stage.answerNext(() => null, answer(422, { body }));
    const run = stage.collect(world, 'snapshot');
    expect(await stage.send(run)).toEqual({ state: 'parked', batches: 1, requests: 2 });
    stage.finish('parked');
    const [parked] = stage.ledger.parked();
    expect(parked).toMatchObject({ runId: run.runId, sequence: 2, size: 160, status: 422 });
    expect(parked?.text).toMatch(/^\{"errors":\[\{"detail":"no \[31m name!+$/);
    expect(parked?.text.length).toBeLessThanOrEqual(500);
    expect(stage.events.at(-1)).toMatchObject({ kind: 'parked', sequence: 2, size: 160, status: 422 });
    expect(stage.model.users.size).toBe(500);

    expect(await stage.send(stage.collect(world, 'snapshot'))).toMatchObject({ state: 'complete' });
    stage.finish('complete');
    expect(stage.ledger.parked()).toEqual([]);
    expect(heldBy(stage)).toEqual(held(world));
    expect(stage.model.problems).toEqual([]);
  });

  it('is not cut up when the receiver refuses everything: that is not about single entities', async () => {
    const stage = await deliveryStage();
    const many = { users: users(1, 2_100), repositories: new Map() };
    stage.server.respond(() => ({ status: 422, body: 'not today' }));
    const requests: number[] = [];
    for (let run = 0; run < 4; run += 1) {
      requests.push((await stage.send(stage.collect(many, 'delta'))).requests);
      stage.finish('parked');
    }
    expect(requests).toEqual([5, 5, 5, 5]);
  });

  it('holds its members back from ever fewer others, one run after the other', async () => {
    const stage = await deliveryStage();
    stage.server.respond((request) =>
      gunzipSync(request.body).includes('"username":"n77"')
        ? { status: 422, body: 'not n77' }
        : stage.model.respond(request),
    );
    const sizes: (number | undefined)[][] = [];
    for (let run = 0; run < 5; run += 1) {
      expect(await stage.send(stage.collect(world, 'delta'))).toMatchObject({ state: 'parked' });
      stage.finish('parked');
      sizes.push([stage.ledger.parked().at(-1)?.size, stage.model.users.size]);
    }
    expect(sizes).toEqual([
      [500, 120],
      [32, 588],
      [2, 618],
      [1, 619],
      [1, 619],
    ]);
    expect([stage.ledger.parked().length, stage.model.problems]).toEqual([1, []]);
    const changed = { ...world, users: new Map([...world.users, [77, '{"username":"n78"}']]) };
    expect(await stage.send(stage.collect(changed))).toMatchObject({ state: 'complete', batches: 2 });
    expect([heldBy(stage), stage.model.problems]).toEqual([held(changed), []]);
  });

  it('may be the manifest', async () => {
    const stage = await deliveryStage();
    stage.answerNext(() => null, answer(400));
    expect(await stage.send(stage.collect(small))).toMatchObject({ state: 'parked', batches: 1 });
    expect(stage.ledger.parked()).toMatchObject([{ sequence: 2, size: 0, status: 400 }]);
  });
});
