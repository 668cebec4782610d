import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { DoubleSocket } from '../kit/broker-double.ts';
import { readBody, startServer } from '../kit/http-server.ts';
import { ackOf, closeAll, closing, echo, isAck, openPair, TOKEN } from '../kit/tunnel-pair.ts';

afterEach(closeAll);

/** A dispatcher that says nothing until it is released, and then assigns the server `late`. */
async function startLateDispatcher() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const dispatcher = await startServer(async (request, response) => {
    request.resume();
    await promise;
    response.end(JSON.stringify({ data: { attributes: { server_id: 'late' } } }));
  });
  closing.push(() => dispatcher.close());
  return { highAvailability: { apiBaseUrl: dispatcher.origin, location: 'here' }, release: resolve };
}

describe('high availability', () => {
  it('asks the dispatcher and carries the server id on every URL', async () => {
    const asked: { url: string | undefined; body: string }[] = [];
    const dispatcher = await startServer(async (request, response) => {
      asked.push({ url: request.url, body: String(await readBody(request)) });
      response.end(JSON.stringify({ data: { attributes: { server_id: 7 } } }));
    });
    closing.push(() => dispatcher.close());
    const { primary } = await openPair({
      highAvailability: { apiBaseUrl: dispatcher.origin, location: 'here' },
    });
    expect(primary.request.url).toContain('connection_role=primary&server_id=7&');
    expect(asked[0]?.url).toMatch(
      /^\/hidden\/broker\/[0-9a-f]{64}\/connections\/[0-9a-f-]{36}\?version=2022-12-01~experimental$/,
    );
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      data: { attributes: { deployment_location: 'here', broker_token_first_char: '0' } },
    });
  });

  it('does not wait for a dispatcher that is silent', async () => {
    const { highAvailability, release } = await startLateDispatcher();
    const { double, primary } = await openPair({ highAvailability });
    expect(primary.request.url).not.toContain('server_id');
    release();
    while (!double.sockets.some(({ request }) => request.url?.includes('server_id=late')))
      await double.opened();
  });

  it('sends a streamed answer to the server whose socket asked', async () => {
    const { highAvailability, release } = await startLateDispatcher();
    const held: (() => void)[] = [];
    const { double, primary } = await openPair({
      highAvailability,
      serve: (call, answer) => held.push(() => echo(call, answer)),
    });
    primary.emit('request', { url: '/a', method: 'GET', headers: {}, streamingID: 's1', requestId: 'r' });
    release();
    while (double.sockets.length < 4) await double.opened();
    const [renewed] = double.sockets.slice(2).filter(({ role }) => role === 'primary') as [DoubleSocket];
    await renewed.next((frame) => frame.includes('"identify"'));
    renewed.emit('request', { url: '/b', method: 'GET', headers: {}, streamingID: 's2', requestId: 'r' });
    while (held.length < 2) await pause(5);
    for (const answer of held) answer();
    while (double.posts.length < 2) await pause(5);
    expect(double.posts.map(({ url }) => url).sort()).toEqual([
      `/response-data/${TOKEN}/s1?connection_role=primary`,
      `/response-data/${TOKEN}/s2?connection_role=primary&server_id=late`,
    ]);
  });

  it('replaces its sockets without losing a call', async () => {
    const { highAvailability, release } = await startLateDispatcher();
    const held: (() => void)[] = [];
    const { double, primary, tunnel, log } = await openPair({
      highAvailability,
      serve: (call, answer) => held.push(() => echo(call, answer)),
    });
    primary.emit('request', { url: '/slow', method: 'GET', headers: {} }, 1);
    release();
    while (double.sockets.length < 4) await double.opened();
    const renewed = double.sockets.slice(2);
    for (const socket of renewed) await socket.next((frame) => frame.includes('"identify"'));
    held[0]?.();
    expect(ackOf(await primary.next(isAck(1))).status).toBe(200);
    const closed = once(primary.websocket, 'close');
    await closed;
    expect(tunnel.state.map(({ open, reconnects }) => [open, reconnects])).toEqual([
      [true, 0],
      [true, 0],
    ]);
    expect(log.lines.filter(({ message }) => message === 'tunnel renewed')).toHaveLength(2);
  });

  it('connects without a server id while the dispatcher fails, and again once it answers', async () => {
    let fails = 2;
    const dispatcher = await startServer((request, response) => {
      request.resume();
      fails -= 1;
      if (fails >= 0) response.writeHead(503).end('no');
      else response.end(JSON.stringify({ data: { attributes: { server_id: 'blue' } } }));
    });
    closing.push(() => dispatcher.close());
    const { double, primary } = await openPair({
      highAvailability: { apiBaseUrl: dispatcher.origin, location: 'here' },
    });
    expect(primary.request.url).not.toContain('server_id');
    while (!double.sockets.some(({ request }) => request.url?.includes('server_id=blue')))
      await double.opened();
  });
});
