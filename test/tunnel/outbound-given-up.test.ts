import { afterEach, describe, expect, it } from '@jest/globals';
import { tunnelDestination } from '../../src/inventory/deliver/tunnel-destination.ts';
import { Outbound } from '../../src/tunnel/outbound.ts';
import type { TunnelSocket } from '../../src/tunnel/socket.ts';
import { closeAll, openPair } from '../kit/tunnel-pair.ts';

afterEach(closeAll);

const request = { method: 'POST', url: '/x', headers: {}, body: '', requestId: 'r-1' };
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

/** A pair with one request sent and not answered. */
async function waiting() {
  const pair = await openPair();
  const stop = new AbortController();
  const sent = failure(pair.tunnel.request(request, 60_000, stop.signal));
  const frame = await pair.primary.next((text) => text.includes('"request"'));
  const { id } = JSON.parse(frame.slice(1)) as { id: number };
  return { ...pair, stop, sent, id };
}

describe('an outbound request that is given up', () => {
  it('fails at once and does not hold up the tunnel’s leaving', async () => {
    const { tunnel, stop, sent, primary } = await waiting();
    // Longer than this test may take.
    const drained = tunnel.drain('SIGTERM', 60_000);
    await primary.next((frame) => frame.includes('"terminate"'));
    stop.abort();
    expect(await sent).toMatchObject({ code: 'TUNNEL_CLOSED' });
    await drained;
    expect(tunnel.open).toBe(false);
  });

  it('may be answered all the same', async () => {
    const { tunnel, stop, sent, primary, id } = await waiting();
    stop.abort();
    await sent;
    const answer = `4${JSON.stringify({ type: 1, id, data: [{ status: 202, headers: {}, body: '' }] })}`;
    primary.websocket.send(answer);
    primary.websocket.send('2after');
    await primary.next((frame) => frame === '3after');
    expect(tunnel.oddities.get('acknowledgement for nothing')).toBeUndefined();
    primary.websocket.send(answer);
    primary.websocket.send('2again');
    await primary.next((frame) => frame === '3again');
    expect(tunnel.oddities.get('acknowledgement for nothing')).toBe(1);
  });

  it('is forgotten with its socket, whose answers cannot come any more', async () => {
    const socket = { send() {} } as unknown as TunnelSocket;
    const outbound = new Outbound();
    const stop = new AbortController();
    const sent = failure(outbound.send(socket, request, 60_000, stop.signal));
    stop.abort();
    await sent;
    outbound.lost(socket);
    expect(outbound.acknowledge(socket, 1, [])).toBe(false);
  });

  it('is not sent when it was given up before', async () => {
    const { tunnel, primary } = await openPair();
    expect(await failure(tunnel.request(request, 60_000, AbortSignal.abort()))).toMatchObject({
      code: 'TUNNEL_CLOSED',
    });
    primary.websocket.send('2after');
    await primary.next((frame) => frame === '3after');
    const next = tunnel.request({ ...request, url: '/next' }, 60_000);
    const frame = await primary.next((text) => text.includes('"request"'));
    expect(frame).toContain('/next');
    await tunnel.drain('test', 0);
    expect(await failure(next)).toMatchObject({ code: 'TUNNEL_CLOSED' });
  });

  it('is that of a delivery that is stopped', async () => {
    const { tunnel, primary } = await openPair();
    const stop = new AbortController();
    const destination = tunnelDestination(tunnel, { path: '/x', timeoutMs: 60_000 });
    const sent = failure(destination.send({ body: Buffer.from('{}'), key: 'run:1' }, stop.signal));
    await primary.next((text) => text.includes('"request"'));
    stop.abort();
    expect(await sent).toMatchObject({ code: 'RUN_INTERRUPTED' });
    await tunnel.drain('SIGTERM', 60_000);
    expect(tunnel.open).toBe(false);
  });
});
