import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { LoginPool } from '../../src/bitbucket/login-pool.ts';
import { withRetry } from '../../src/bitbucket/retry.ts';
import type { CallRecord } from '../../src/call.ts';
import type { NetworkConfig } from '../../src/config/config.ts';
import { openListener } from '../../src/http/listener.ts';
import { createProxyCarrier } from '../../src/http/proxy-exchange.ts';
import { HttpRelay } from '../../src/http/relay.ts';
import { silentLog } from '../../src/log.ts';
import { Relay, type RelayOptions } from '../../src/relay/relay.ts';
import { loadRules } from '../../src/rules/compile.ts';
import { atTheEnd, network } from '../kit/way-out.ts';

export const TOKEN = 'relay-token-of-this-test';
export const LIMITS = { connectMs: 1_000, firstByteMs: 400, idleMs: 400 };

export interface DeskOptions {
  /** `scheme://host:port` of what stands for Bitbucket. */
  readonly origin: string;
  /** Bearer tokens, one credential each. */
  readonly pool?: readonly string[];
  readonly rules?: readonly object[];
  readonly limits?: typeof LIMITS;
  readonly network?: Partial<NetworkConfig>;
  readonly closed?: RelayOptions['closed'];
}

/** `/relay` with nothing in front and `origin` behind; ended by `endAll`. */
export async function startDesk(options: DeskOptions) {
  const { origin, limits = LIMITS, pool = ['own-login'], rules: list = EVERYTHING } = options;
  const { host, protocol } = new URL(origin);
  const { rules, problems } = loadRules(JSON.stringify({ private: list }), 'accept.json', {
    variable: (name) => (name === 'BITBUCKET' ? host : undefined),
    bitbucket: { scheme: protocol === 'https:' ? 'https' : 'http', host },
    allowWrites: true,
  });
  if (rules === null) throw new Error(JSON.stringify(problems));
  const records: CallRecord[] = [];
  const login = new LoginPool(
    pool.map((name) => ({ name, authorization: `Bearer ${name}` })),
    silentLog,
  );
  const relay = new Relay({
    rules,
    loginOf: () => login,
    send: () => {
      throw new Error('every call of this desk has a carrier');
    },
    substitution: null,
    record: (record) => records.push(record),
    ...(options.closed === undefined ? {} : { closed: options.closed }),
  });
  const road = new HttpRelay({
    token: TOKEN,
    carrier: createProxyCarrier(network(options.network), limits, 256),
    serve: (call, answer, carry) => relay.serve(call, answer, withAuthorization(withRetry(carry))),
    turnAway: (call, code, answer) => relay.turnAway(call, code, answer),
    log: silentLog,
  });
  const listener = await openListener({
    port: 0,
    host: '127.0.0.1',
    name: 'RELAY_PORT',
    tls: null,
    routes: [road.router],
    log: silentLog,
  });
  atTheEnd(() => listener.close());
  return { port: listener.port, url: `http://127.0.0.1:${listener.port}`, records, road };
}

const EVERYTHING = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'].map((method) => ({
  id: method.toLowerCase(),
  method,
  path: '/*',
  origin: 'https://${BITBUCKET}',
  auth: { scheme: 'bitbucket' },
}));

export interface RawServer {
  readonly origin: string;
  /** What came over each connection, in order. */
  readonly received: string[];
  readonly sockets: Socket[];
}

/** Bitbucket's place, on raw TCP: `answer` is given the text so far and writes what it likes. */
export async function startRaw(answer: (socket: Socket, text: string) => void): Promise<RawServer> {
  const received: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const index = sockets.push(socket) - 1;
    received.push('');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received[index] += chunk.toString('latin1');
      answer(socket, received[index] ?? '');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  atTheEnd(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, received, sockets };
}

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends bytes as they are over a connection of its own, and reads until the other side closes it. */
export async function sendRaw(port: number, text: string): Promise<RawAnswer> {
  const socket = connect({ port, host: '127.0.0.1' });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.write(Buffer.from(text, 'latin1'));
  await once(socket, 'close');
  const whole = Buffer.concat(chunks).toString('latin1');
  const end = whole.indexOf('\r\n\r\n');
  const head = end < 0 ? whole : whole.slice(0, end);
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body: whole.slice(end + 4) };
}

/** The head of a request that ends its connection. */
export const rawRequest = (
  target: string,
  { method = 'GET', headers = [] as readonly string[], body = '' } = {},
) =>
  [
    `${method} ${target} HTTP/1.1`,
    'Host: relay.example',
    `Authorization: Bearer ${TOKEN}`,
    'Connection: close',
    ...headers,
    '',
    body,
  ].join('\r\n');

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Own: yes\r\n\r\nok';

/** Bitbucket answers every GET with "ok". */
export async function plain(options: Partial<Parameters<typeof startDesk>[0]> = {}) {
  const bitbucket = await startRaw((socket, text) => {
    if (text.endsWith('\r\n\r\n')) socket.write(OK);
  });
  return { bitbucket, desk: await startDesk({ origin: bitbucket.origin, ...options }) };
}

/** Bitbucket answers with these bytes. */
export async function answering(bytes: string, close = false) {
  const bitbucket = await startRaw((socket, text) => {
    if (!text.includes('\r\n\r\n')) return;
    if (close) socket.end(bytes, 'latin1');
    else socket.write(bytes, 'latin1');
  });
  return { bitbucket, desk: await startDesk({ origin: bitbucket.origin }) };
}

export const lines = (text = '') => text.split('\r\n').filter((line) => line !== '');
