import { afterEach, describe, expect, it } from '@jest/globals';
import { closeAll, openPair } from '../kit/tunnel-pair.ts';

afterEach(closeAll);

describe('the body of an outbound request', () => {
  const request = { method: 'POST', url: '/essentials/v1/batches', headers: { a: 'b' }, requestId: 'r-1' };

  it.each([
    ['text as a JSON string', 'Zoë "quoted" \u2028', 'Zoë "quoted" \u2028'],
    ['empty text as it is', '', ''],
    ['bytes as base64', Buffer.from([0, 255, 34]), { $binary: 'AP8i' }],
  ])('travels: %s', async (_name, body, onTheWire) => {
    const { primary, tunnel } = await openPair();
    const answered = tunnel.request({ ...request, body }, 20_000);
    const frame = await primary.next((text) => text.includes('"request"'));
    const { id, data } = JSON.parse(frame.slice(1)) as { id: number; data: unknown[] };
    expect(data).toEqual(['request', { ...request, body: onTheWire, streamingID: '' }]);
    primary.websocket.send(
      `4${JSON.stringify({ type: 1, id, data: [{ status: 202, headers: {}, body: '' }] })}`,
    );
    expect((await answered).status).toBe(202);
  });
});
