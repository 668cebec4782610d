import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CommandStage, startCommandStage, told } from './command.ts';
import { heldBy, truthOf } from './inventory-truth.ts';
import type { Ended } from './lone-agent.ts';

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage({ broker: { clientPaths: '/webhook/*' } });
});
afterAll(() => desk?.close());

/** The run stops without parking anything, and says what to set. */
function expectKept({ code, output }: Ended, words: RegExp): void {
  expect({ code, output }).toEqual({ code: 3, output: expect.stringMatching(words) });
  expect(told(output, 'outcome')).toMatch(/NOT delivered yet; the outbox is kept/);
  expect(output).not.toMatch(/^parked|^\s+at /m);
}

describe('a broker server that does not let the batches through (FILTER_BLOCKED)', () => {
  it('stops the run, keeps the outbox and says what to set; with that set all arrives', async () => {
    const bench = desk.fresh();
    const first = await bench.sync();
    expectKept(first, /ESSENTIALS_PATH.*ESSENTIALS_DELIVERY/);
    expect(first.output).toMatch(/status 401/);
    expect(bench.received()).toEqual([]);
    const asked = desk.stage.bitbucket.requests.length;
    expectKept(await bench.sync(), /ESSENTIALS_PATH/);
    expect(desk.stage.bitbucket.requests).toHaveLength(asked);
    const { code } = await bench.ended(['sync', '--once'], { ESSENTIALS_PATH: '/webhook/batches' });
    expect(code).toBe(0);
    expect(heldBy(bench.receiver)).toEqual(truthOf(desk.stage.bitbucket));
    expect(bench.receiver.problems).toEqual([]);
  });
});

describe('a backend that knows no such path', () => {
  it.each([404, 405, 302])('status %i at the first batch', async (status) => {
    const env = { ESSENTIALS_PATH: '/webhook/batches' };
    const bench = desk.fresh();
    desk.stage.receiver.respond(() => ({ status, headers: { location: '/elsewhere' }, body: 'Not here' }));
    const ended = await bench.ended(['sync', '--once'], env);
    expectKept(ended, /ESSENTIALS_PATH/);
    expect(ended.output).toMatch(`status ${status}: Not here`);
    const [refused, ...more] = bench.received();
    expect(more).toEqual([]);
    expect(refused?.url).toBe('/webhook/batches');

    desk.stage.receiver.respond(bench.receiver.respond);
    expect((await bench.ended(['sync', '--once'], env)).code).toBe(0);
    const [, again] = bench.received();
    expect(again?.headers['idempotency-key']).toBe(refused?.headers['idempotency-key']);
    expect(again?.body.equals(refused?.body ?? Buffer.alloc(0))).toBe(true);
    expect(heldBy(bench.receiver)).toEqual(truthOf(desk.stage.bitbucket));
  });
});
