import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { BrokerDouble } from '../kit/broker-double.ts';
import { ackOf, closeAll, echo, isAck, openPair, TOKEN } from '../kit/tunnel-pair.ts';

afterEach(closeAll);

describe('leaving', () => {
  it('tells the server, goes on answering, and closes when nothing is in flight', async () => {
    const held: (() => void)[] = [];
    const { primary, secondary, tunnel } = await openPair({
      serve: (call, answer) =>
        call.url === '/slow' ? held.push(() => echo(call, answer)) : echo(call, answer),
    });
    primary.emit('request', { url: '/slow', method: 'GET', headers: {} }, 1);
    primary.websocket.send('2now');
    await primary.next((frame) => frame === '3now');
    const drained = tunnel.drain('SIGTERM', 10_000);
    expect(await secondary.next((frame) => frame.includes('"terminate"'))).toContain('{"signal":"SIGTERM"}');
    primary.emit('request', { url: '/quick', method: 'GET', headers: {} }, 2);
    expect(ackOf(await primary.next(isAck(2))).status).toBe(200);
    expect(tunnel.open).toBe(true);
    held[0]?.();
    expect(ackOf(await primary.next(isAck(1))).status).toBe(200);
    await drained;
    expect(tunnel.open).toBe(false);
  });
});

describe('leaving in bad moments', () => {
  /** An answer path of its own for streamed answers: what was POSTed to `/response-data`. */
  const streamed = (double: BrokerDouble) =>
    double.posts.map(({ url, body }) => [url, body.toString('utf8', 4)]);
  const streamOf = (url: string) => ({
    url,
    method: 'GET',
    headers: {},
    streamingID: `s${url.slice(1)}`,
    requestId: 'r',
  });

  it('waits for a streamed answer that needs no socket', async () => {
    const held: (() => void)[] = [];
    const { double, primary, secondary, tunnel } = await openPair({
      serve: (call, answer) => held.push(() => echo(call, answer)),
    });
    primary.emit('request', streamOf('/slow'));
    primary.websocket.send('2now');
    await primary.next((frame) => frame === '3now');
    for (const { websocket } of [primary, secondary]) {
      const gone = once(websocket, 'close');
      websocket.terminate();
      await gone;
    }
    while (tunnel.open) await pause(5);
    const drained = tunnel.drain('SIGTERM', 10_000);
    held[0]?.();
    await drained;
    expect(streamed(double)).toEqual([
      [`/response-data/${TOKEN}/sslow?connection_role=primary`, expect.stringContaining('"url":"/slow"')],
    ]);
  });

  it('tells whoever still waits when the time is up', async () => {
    const { double, primary, tunnel, log } = await openPair({ serve: () => {} });
    primary.emit('request', { url: '/never', method: 'GET', headers: {} }, 1);
    primary.emit('request', streamOf('/never'));
    primary.websocket.send('2now');
    await primary.next((frame) => frame === '3now');
    await tunnel.drain('SIGTERM', 300);
    expect(ackOf(await primary.next(isAck(1)))).toMatchObject({ status: 503, errorType: 'STOPPING' });
    expect(streamed(double)).toEqual([
      [expect.stringContaining('/snever?'), expect.stringContaining('"STOPPING"')],
    ]);
    expect(log.lines.find(({ message }) => message.startsWith('calls were still'))?.fields).toEqual({
      calls: 2,
    });
  });

  it('does not come back when a socket is lost on the way out', async () => {
    const held: (() => void)[] = [];
    const { double, primary, secondary, tunnel, log } = await openPair({
      random: () => 0,
      serve: (call, answer) => held.push(() => echo(call, answer)),
    });
    primary.emit('request', { url: '/slow', method: 'GET', headers: {} }, 1);
    primary.websocket.send('2now');
    await primary.next((frame) => frame === '3now');
    const drained = tunnel.drain('SIGTERM', 10_000);
    await secondary.next((frame) => frame.includes('"terminate"'));
    secondary.websocket.terminate();
    while (!log.lines.some(({ message }) => message === 'tunnel closed')) await pause(5);
    await pause(200);
    held[0]?.();
    await drained;
    expect(ackOf(await primary.next(isAck(1))).status).toBe(200);
    expect(double.sockets).toHaveLength(2);
  });

  it('hands a large answer to the network before it closes', async () => {
    const bytes = 15 * 1024 * 1024;
    const { primary, tunnel } = await openPair({
      serve: (_call, answer) => {
        answer.begin({ status: 200, headers: {} });
        answer.write(Buffer.alloc(bytes, 'a'));
        answer.end();
      },
    });
    primary.websocket.pause();
    primary.emit('request', { url: '/large', method: 'GET', headers: {} }, 1);
    while (tunnel.inFlight === 0) await pause(5);
    const drained = tunnel.drain('SIGTERM', 10_000);
    await pause(400);
    expect(tunnel.inFlight).toBe(1);
    primary.websocket.resume();
    expect(ackOf(await primary.next(isAck(1))).body).toHaveLength(bytes);
    await drained;
  });

  it('still answers what the server had sent before it heard of the goodbye', async () => {
    const { double, primary, tunnel } = await openPair();
    primary.websocket.pause();
    const drained = tunnel.drain('SIGTERM', 10_000);
    await pause(400);
    primary.emit('request', streamOf('/late'));
    primary.websocket.resume();
    await drained;
    expect(streamed(double)).toEqual([
      [expect.stringContaining('/slate?'), expect.stringContaining('"url":"/late"')],
    ]);
  });
});
