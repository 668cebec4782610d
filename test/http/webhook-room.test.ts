import { describe, expect, it } from '@jest/globals';
import { WebhookRoom } from '../../src/http/webhook-room.ts';

const LONG_MS = 30_000;

describe('the room for webhooks', () => {
  it('is emptied when the last one under way has left', async () => {
    const room = new WebhookRoom();
    const [first, second, silent] = [room.enter(), room.enter(), room.enter()];
    expect([first.begin(), second.begin(), silent.take(5)]).toEqual([true, true, true]);
    let emptied = false;
    const empty = room.emptied(LONG_MS).then(() => {
      emptied = true;
    });
    first.leave();
    first.leave();
    await new Promise(setImmediate);
    expect(emptied).toBe(false);
    second.leave();
    await empty;
    await room.emptied(LONG_MS);
  });

  it('is given up on after a time', async () => {
    const room = new WebhookRoom();
    expect(room.enter().begin()).toBe(true);
    await room.emptied(1);
  });

  it('has room again for what a place has held', () => {
    const room = new WebhookRoom({ webhooks: 1, bytes: 10 });
    const place = room.enter();
    expect([place.take(6), place.take(6), place.begin(), room.enter().begin()]).toEqual([
      ...[true, false, true, false],
    ]);
    place.leave();
    const next = room.enter();
    expect([next.take(10), next.begin()]).toEqual([true, true]);
  });
});
