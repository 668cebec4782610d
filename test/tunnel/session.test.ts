import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Log } from '../../src/log.ts';
import { PATIENCE } from '../../src/tunnel/socket.ts';
import { type BrokerDouble, startBrokerDouble } from '../kit/broker-double.ts';
import { startServer } from '../kit/http-server.ts';
import {
  ackOf,
  closeAll,
  closing,
  isAck,
  openPair,
  recordingLog,
  TOKEN,
  tunnelTo,
} from '../kit/tunnel-pair.ts';

afterEach(closeAll);

describe('the session', () => {
  it('opens two sockets with the handshake the server expects', async () => {
    const { primary, secondary } = await openPair();
    expect(primary.request.url).toBe(`/primus/${TOKEN}/?connection_role=primary&EIO=4&transport=websocket`);
    expect(secondary.request.url).toContain('connection_role=secondary');
    const { headers } = primary.request;
    expect(headers['x-snyk-broker-client-id']).toBe(secondary.request.headers['x-snyk-broker-client-id']);
    expect(headers['x-snyk-broker-client-role']).toBe('primary');
    expect(headers['x-broker-client-version']).toBe('1.2.3');
    expect(headers['snyk-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('identifies itself, and never by an own event of another form', async () => {
    const { primary } = await openPair();
    const frame = await primary.next((text) => text.includes('"identify"'));
    const { data, type } = JSON.parse(frame.slice(1)) as {
      type: number;
      data: [string, { token: string; metadata: object }];
    };
    expect(type).toBe(0);
    expect(data[0]).toBe('identify');
    expect(data[1].token).toBe(TOKEN);
    expect(data[1].metadata).toMatchObject({
      capabilities: ['post-streams'],
      identifier: expect.stringMatching(/^[0-9a-f]{64}$/),
      role: 'primary',
      version: '5.22.14',
      filters: { public: [], private: [] },
    });
    expect(JSON.stringify(data[1].metadata)).not.toContain(TOKEN);
  });

  it("answers the server's pings", async () => {
    const { primary } = await openPair();
    primary.websocket.send('2');
    expect(await primary.next((frame) => frame === '3')).toBe('3');
  });

  it('connects again when the server goes away on purpose', async () => {
    const { double, primary, tunnel } = await openPair();
    const count = double.sockets.length;
    primary.websocket.send('4"primus::server::close"');
    while (double.sockets.length === count) await double.opened();
    expect(tunnel.state).toMatchObject([
      { role: 'primary', reconnects: 1, lastError: 'the server is going away' },
      { role: 'secondary', reconnects: 0, lastError: null },
    ]);
  });

  it('gives up a server that never identifies itself, and tries again', async () => {
    const double = await startBrokerDouble({ identify: false });
    closing.push(() => double.close());
    const { tunnel, log } = tunnelTo(double, {
      random: () => 0,
      patience: { ...PATIENCE, handshakeMs: 100 },
    });
    await tunnel.start();
    for (let count = 0; count < 3; count += 1) await double.opened();
    expect(tunnel.open).toBe(false);
    expect(log.lines.find(({ message }) => message === 'tunnel down')?.fields).toMatchObject({
      reason: 'no handshake within 100 ms',
    });
  });

  it('notices a socket that is half dead, and none that is alive', async () => {
    const patience = { handshakeMs: 5_000, pingMs: 200, silenceMs: 1_500 };
    const { double, primary, secondary, tunnel } = await openPair({ patience, random: () => 0 });
    secondary.websocket.on('message', (frame) => {
      const ping = /primus::ping::(\d+)/.exec(String(frame));
      if (ping !== null) secondary.websocket.send(`4"primus::pong::${ping[1]}"`);
    });
    while (double.sockets.length < 4) await double.opened();
    expect(primary.frames.some((frame) => frame.includes('primus::ping::'))).toBe(true);
    const { lastError } = tunnel.state.find(({ role }) => role === 'primary') ?? {};
    expect(lastError ?? 'open again').toMatch(/nothing heard|open again/);
    expect(tunnel.state.find(({ role }) => role === 'secondary')?.reconnects).toBe(0);
  });

  it('is patient for less than 35 s as shipped', () => {
    expect(PATIENCE.silenceMs).toBeLessThan(35_000);
    expect(PATIENCE.handshakeMs).toBe(5_000);
  });

  it('goes on for ever while nobody is there', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    const double = { url: gone.origin } as BrokerDouble;
    const failures = Promise.withResolvers<void>();
    let count = 0;
    const log: Log = {
      ...recordingLog(),
      warn: (message) => {
        if (message === 'tunnel down') count += 1;
        if (count === 40) failures.resolve();
      },
    };
    const { tunnel } = tunnelTo(double, { random: () => 0, log });
    await tunnel.start();
    await failures.promise;
    expect(tunnel.state.every(({ lastError }) => lastError?.includes('ECONNREFUSED'))).toBe(true);
  });
});

describe('a slow uplink', () => {
  it('is not taken for a dead socket while an answer is on its way', async () => {
    const { primary, tunnel } = await openPair({
      patience: { handshakeMs: 5_000, pingMs: 300, silenceMs: 1_500 },
      serve: (_call, answer) => {
        answer.begin({ status: 200, headers: {} });
        answer.write(Buffer.alloc(15 * 1024 * 1024, 'a'));
        answer.end();
      },
    });
    primary.websocket.pause();
    primary.emit('request', { url: '/large', method: 'GET', headers: {} }, 1);
    for (let count = 0; count < 18; count += 1) {
      primary.websocket.send('2');
      await pause(100);
    }
    expect(tunnel.state.find(({ role }) => role === 'primary')?.reconnects).toBe(0);
    primary.websocket.resume();
    expect(ackOf(await primary.next(isAck(1))).status).toBe(200);
  });
});

describe('bad input', () => {
  it('is counted, logged once a kind, and leaves the socket up', async () => {
    const { primary, tunnel, log } = await openPair();
    for (let time = 0; time < 3; time += 1) {
      primary.websocket.send('garbage');
      primary.websocket.send('4{"half":');
      primary.websocket.send(Buffer.from([1, 2, 3]));
      primary.emit('no-such-event', {});
      primary.websocket.send('4{"type":1,"id":99,"data":[{}]}');
      primary.emit('request', { url: '/nobody-asked', method: 'GET', headers: {} });
    }
    primary.emit('request', { method: 'GET', headers: {} }, 5);
    expect(ackOf(await primary.next(isAck(5)))).toMatchObject({ status: 400, errorType: 'BAD_REQUEST' });
    expect(Object.fromEntries(tunnel.oddities)).toEqual({
      'unknown engine.io packet': 3,
      'message is not JSON': 3,
      'binary frame': 3,
      'unknown event': 3,
      'acknowledgement for nothing': 3,
      'request that asks for no answer': 3,
      'request without url': 1,
    });
    const told = log.lines.filter(({ message }) => message === 'unexpected from the broker server');
    expect(told).toHaveLength(7);
    expect(tunnel.open).toBe(true);
  });

  it('is told to whoever keeps count, with what of it can be read, and how it ended', async () => {
    const heard: unknown[] = [];
    const { primary } = await openPair({
      turnedAway: ({ requestId, method, url }, code, answer) =>
        answer.listen({
          drained() {},
          closed: ({ status }) => void heard.push({ requestId, method, url, code, status }),
        }),
    });
    primary.emit('request', { method: 'GET', requestId: 'one', headers: {} }, 5);
    primary.emit('request', { url: '/x?y=1', method: 'G T', requestId: 'two', headers: {} }, 6);
    await primary.next(isAck(6));
    const refused = { code: 'BAD_REQUEST', status: 400 };
    expect(heard).toEqual([
      { requestId: 'one', method: 'GET', url: '', ...refused },
      { requestId: 'two', method: 'G T', url: '/x?y=1', ...refused },
    ]);
  });

  it('is refused as a service command', async () => {
    const { primary } = await openPair();
    primary.emit('service', { url: '/config/reload', headers: {} }, 4);
    expect(ackOf(await primary.next(isAck(4))).status).toBe(501);
  });

  it("passes Snyk's notifications to the log, cut to a bounded length", async () => {
    const { primary, log } = await openPair();
    primary.emit('notification', { level: 'warning', message: 'x'.repeat(5_000) });
    primary.emit('notification', null);
    primary.websocket.send('2after');
    await primary.next((frame) => frame === '3after');
    const told = log.lines.filter(({ message }) => message === 'notification from Snyk');
    expect(told.map(({ fields }) => String(fields.text).length)).toEqual([1_000, 'without a text'.length]);
  });
});
