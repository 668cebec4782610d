import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Answer, Call } from '../../src/call.ts';
import type { Fields, Log } from '../../src/log.ts';
import { createNetwork } from '../../src/network.ts';
import { PATIENCE } from '../../src/tunnel/socket.ts';
import { Tunnel, type TunnelOptions } from '../../src/tunnel/tunnel.ts';
import { type BrokerDouble, startBrokerDouble } from '../kit/broker-double.ts';
import { readBody, startServer } from '../kit/http-server.ts';

const TOKEN = '0b7e1c1e-7f1d-4c7e-9c53-0d9a6c1f7a11';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Line {
  readonly message: string;
  readonly fields: Fields;
}

function recordingLog(): Log & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const add = (message: string, fields: Fields = {}) => void lines.push({ message, fields });
  return { lines, debug: add, info: add, warn: add, error: add };
}

/** Echoes the call, so that a test sees what came through. */
function echo(call: Call, answer: Answer): void {
  answer.begin({ status: 200, headers: { 'content-type': 'application/json' } });
  answer.write(
    Buffer.from(JSON.stringify({ method: call.method, url: call.url, body: call.body?.toString() ?? null })),
  );
  answer.end();
}

function tunnelTo(double: BrokerDouble, options: Partial<TunnelOptions> = {}) {
  const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
  const log = recordingLog();
  const tunnel = new Tunnel({
    serverUrl: double.url,
    token: TOKEN,
    filters: { public: [], private: [] },
    agentVersion: '1.2.3',
    highAvailability: null,
    network,
    log,
    serve: echo,
    ...options,
  });
  closing.push(async () => {
    await tunnel.drain('test', 0);
    await network.close();
  });
  return { tunnel, log };
}

async function openPair(options: Partial<TunnelOptions> = {}) {
  const double = await startBrokerDouble();
  closing.push(() => double.close());
  const made = tunnelTo(double, options);
  await made.tunnel.start();
  const primary = await double.opened('primary');
  const secondary = await double.opened('secondary');
  for (const socket of [primary, secondary]) await socket.next((frame) => frame.includes('"identify"'));
  return { double, primary, secondary, ...made };
}

const ackOf = (frame: string) =>
  (JSON.parse(frame.slice(1)) as { data: [{ status: number; body: string }] }).data[0];
const isAck = (id: number) => (frame: string) => frame.startsWith(`4{"type":1,"id":${id},`);

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
    expect(tunnel.state.find(({ role }) => role === 'primary')?.lastError).toBe('the server is going away');
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
    const patience = { handshakeMs: 1_000, pingMs: 60, silenceMs: 40 };
    const { double, primary, secondary, tunnel } = await openPair({ patience, random: () => 0 });
    secondary.websocket.on('message', (frame) => {
      const ping = /primus::ping::(\d+)/.exec(String(frame));
      if (ping !== null) secondary.websocket.send(`4"primus::pong::${ping[1]}"`);
    });
    while (double.sockets.length < 4) await double.opened();
    expect(primary.frames.filter((frame) => frame.includes('primus::ping::'))).toHaveLength(1);
    expect(tunnel.state.find(({ role }) => role === 'secondary')?.reconnects).toBe(0);
  });

  it('is patient for less than 35 s as shipped', () => {
    expect(PATIENCE.pingMs + PATIENCE.silenceMs).toBeLessThanOrEqual(35_000);
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

describe('answers over the socket', () => {
  it('acknowledges with status, headers and the body as text', async () => {
    const { primary } = await openPair();
    const body = { $binary: Buffer.from('{"a":1}').toString('base64') };
    primary.emit(
      'request',
      { url: '/a?b=c', method: 'POST', headers: {}, body, streamingID: '', requestId: 'r' },
      9,
    );
    const answer = ackOf(await primary.next(isAck(9)));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual({ method: 'POST', url: '/a?b=c', body: '{"a":1}' });
  });

  it.each([
    ['a body that is not UTF-8', Buffer.from([0xff, 0xfe, 0x00]), 'BODY_NOT_UTF8'],
    ['a body over 20 MiB', Buffer.alloc(20 * 1024 * 1024 + 1, 'a'), 'BODY_TOO_LARGE'],
    [
      'a body that grows over the frame limit when encoded',
      Buffer.alloc(15 * 1024 * 1024, '"'),
      'BODY_TOO_LARGE',
    ],
  ])('refuses %s with a code of its own', async (_name, body, code) => {
    const { primary, tunnel } = await openPair({
      serve: (_call, answer) => {
        answer.begin({ status: 200, headers: {} });
        answer.write(body);
        answer.end();
      },
    });
    primary.emit('request', { url: '/a', method: 'GET', headers: {} }, 1);
    const answer = ackOf(await primary.next(isAck(1)));
    expect(answer).toMatchObject({ status: 502, errorType: code });
    expect(JSON.parse(answer.body)).toMatchObject({ code });
    expect(tunnel.open).toBe(true);
  });

  it('answers exactly once, however often the end is told', async () => {
    const { primary } = await openPair({
      serve: (call, answer) => {
        echo(call, answer);
        answer.end();
        answer.fail({ status: 502, headers: {} }, 'late', 'DOWNSTREAM_ERROR');
        answer.write(Buffer.from('later'));
      },
    });
    primary.emit('request', { url: '/a', method: 'GET', headers: {} }, 1);
    primary.emit('request', { url: '/b', method: 'GET', headers: {} }, 2);
    await primary.next(isAck(2));
    expect(primary.frames.filter(isAck(1))).toHaveLength(1);
  });

  it('answers a defect of its own too', async () => {
    const { primary, tunnel } = await openPair({
      serve: () => {
        throw new TypeError('secret detail');
      },
    });
    primary.emit('request', { url: '/a', method: 'GET', headers: {} }, 1);
    const frame = await primary.next(isAck(1));
    expect(ackOf(frame)).toMatchObject({ status: 500, errorType: 'INTERNAL' });
    expect(frame).not.toContain('secret detail');
    expect(tunnel.open).toBe(true);
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

describe('requests to Snyk', () => {
  const request = {
    method: 'POST',
    url: '/webhook/bitbucket-server/1',
    headers: { 'x-a': 'b' },
    body: Buffer.from([0, 1]),
    requestId: 'r',
  };

  it('go out as an event with an id and come back as its acknowledgement', async () => {
    const { primary, tunnel } = await openPair();
    const answer = tunnel.request(request);
    const frame = JSON.parse((await primary.next((text) => text.includes('"request"'))).slice(1)) as {
      id: number;
      data: [string, object];
    };
    expect(frame.data[1]).toEqual({
      url: request.url,
      method: 'POST',
      headers: { 'x-a': 'b' },
      body: { $binary: 'AAE=' },
      streamingID: '',
      requestId: 'r',
    });
    primary.websocket.send(
      `4${JSON.stringify({ type: 1, id: frame.id, data: [{ status: 202, headers: { a: 'b' }, body: 'ok' }] })}`,
    );
    expect(await answer).toEqual({ status: 202, headers: { a: 'b' }, body: 'ok' });
  });

  it('fail at once when the socket closes, and in time when there is no answer', async () => {
    const { primary, tunnel } = await openPair();
    const lost = tunnel.request(request);
    await primary.next((text) => text.includes('"request"'));
    primary.websocket.terminate();
    await expect(lost).rejects.toMatchObject({ code: 'TUNNEL_CLOSED' });
    await expect(tunnel.request(request, 20)).rejects.toMatchObject({ code: 'TUNNEL_TIMEOUT' });
  });

  it('fail when there is no tunnel', async () => {
    const double = await startBrokerDouble();
    closing.push(() => double.close());
    const { tunnel } = tunnelTo(double);
    await expect(tunnel.request(request)).rejects.toMatchObject({ code: 'TUNNEL_CLOSED' });
  });
});

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
    const release = Promise.withResolvers<void>();
    const dispatcher = await startServer(async (request, response) => {
      request.resume();
      await release.promise;
      response.end(JSON.stringify({ data: { attributes: { server_id: 'late' } } }));
    });
    closing.push(() => dispatcher.close());
    const highAvailability = { apiBaseUrl: dispatcher.origin, location: 'here' };
    const { double, primary } = await openPair({ highAvailability });
    expect(primary.request.url).not.toContain('server_id');
    release.resolve();
    while (!double.sockets.some(({ request }) => request.url?.includes('server_id=late')))
      await double.opened();
  });

  it('replaces its sockets without losing a call', async () => {
    const release = Promise.withResolvers<void>();
    const dispatcher = await startServer(async (request, response) => {
      request.resume();
      await release.promise;
      response.end(JSON.stringify({ data: { attributes: { server_id: 'late' } } }));
    });
    closing.push(() => dispatcher.close());
    const held: (() => void)[] = [];
    const { double, primary, tunnel, log } = await openPair({
      highAvailability: { apiBaseUrl: dispatcher.origin, location: 'here' },
      serve: (call, answer) => held.push(() => echo(call, answer)),
    });
    primary.emit('request', { url: '/slow', method: 'GET', headers: {} }, 1);
    release.resolve();
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
