import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReceivedRequest, ReceiverAnswer } from '../../sandbox/receiver.ts';
import { type CommandStage, startCommandStage, told, type Workbench } from './command.ts';
import { heldBy, truthOf } from './inventory-truth.ts';

const CONNECT_MS = 10_000;

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(() => desk?.close());

/** What the first try of each batch is answered with, after the receiver has applied it. */
type Loss = (answer: ReceiverAnswer, secondTry: Promise<void>) => ReceiverAnswer | Promise<ReceiverAnswer>;

/** Applies every batch, and loses the answer to each one's first try. */
function losing(bench: Workbench, loss: Loss): void {
  const again = new Map<string, () => void>();
  desk.stage.receiver.respond((request: ReceivedRequest) => {
    const answer = bench.receiver.respond(request);
    const key = String(request.headers['idempotency-key']);
    const second = again.get(key);
    second?.();
    if (second !== undefined) return answer;
    return loss(answer, new Promise((resolve) => again.set(key, resolve)));
  });
}

async function expectWhole(bench: Workbench, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const { code, output } = await bench.ended(['sync', '--once'], env);
  expect({ code, output }).toMatchObject({ code: 0 });
  const { url, world } = desk.stage.bitbucket;
  const { receiver } = bench;
  expect(heldBy(receiver)).toEqual(truthOf({ url, world }));
  expect(receiver.problems).toEqual([]);
  expect(receiver.batches).toHaveLength(2);
  expect(receiver.duplicates).toBe(2);
  // What came twice counts once.
  expect(told(output, 'sent')).toBe(String(receiver.users.size + receiver.repositories.size));
}

describe('every answer to a batch is lost after the receiver has applied it', () => {
  it('it comes too late, through the tunnel', async () => {
    const bench = desk.fresh();
    losing(bench, async (answer, secondTry) => {
      await secondTry;
      return answer;
    });
    await expectWhole(bench, { TUNNEL_REQUEST_TIMEOUT_MS: '200' });
  });

  it('it comes too late, over https', async () => {
    const bench = desk.fresh();
    losing(bench, async (answer, secondTry) => {
      await secondTry;
      return answer;
    });
    const ESSENTIALS_URL = `${desk.stage.receiver.url}/batches`;
    await expectWhole(bench, {
      ESSENTIALS_DELIVERY: 'https',
      ESSENTIALS_URL,
      TUNNEL_REQUEST_TIMEOUT_MS: '200',
    });
  });

  it('it is a 502 of whatever stands between', async () => {
    const bench = desk.fresh();
    losing(bench, () => ({ status: 502, body: '<html>Bad Gateway</html>' }));
    await expectWhole(bench);
  });

  it(
    'the broker server is killed and comes back',
    async () => {
      const bench = desk.fresh();
      const { broker } = desk.stage;
      losing(bench, async (answer) => {
        await broker.kill();
        await broker.restart();
        return answer;
      });
      await expectWhole(bench);
    },
    CONNECT_MS * 4,
  );
});
