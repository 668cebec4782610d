import type { Answer, Call } from '../../src/call.ts';
import type { Fields, Log } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { Tunnel, type TunnelOptions } from '../../src/tunnel/tunnel.ts';
import { type BrokerDouble, startBrokerDouble } from './broker-double.ts';

export const TOKEN = '0b7e1c1e-7f1d-4c7e-9c53-0d9a6c1f7a11';
/** What a test opened, closed again by `closeAll` in the other order. */
export const closing: (() => unknown)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

interface Line {
  readonly message: string;
  readonly fields: Fields;
}

export function recordingLog(): Log & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const add = (message: string, fields: Fields = {}) => void lines.push({ message, fields });
  return { lines, debug: add, info: add, warn: add, error: add };
}

/** Echoes the call, so that a test sees what came through. */
export function echo(call: Call, answer: Answer): void {
  answer.begin({ status: 200, headers: { 'content-type': 'application/json' } });
  answer.write(
    Buffer.from(JSON.stringify({ method: call.method, url: call.url, body: call.body?.toString() ?? null })),
  );
  answer.end();
}

/** A tunnel to the double that has not begun to connect. */
export function tunnelTo(double: Pick<BrokerDouble, 'url'>, options: Partial<TunnelOptions> = {}) {
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

/** A tunnel whose two sockets have identified themselves. */
export async function openPair(options: Partial<TunnelOptions> = {}) {
  const double = await startBrokerDouble();
  closing.push(() => double.close());
  const made = tunnelTo(double, options);
  await made.tunnel.start();
  const primary = await double.opened('primary');
  const secondary = await double.opened('secondary');
  for (const socket of [primary, secondary]) await socket.next((frame) => frame.includes('"identify"'));
  return { double, primary, secondary, ...made };
}

export const ackOf = (frame: string) =>
  (JSON.parse(frame.slice(1)) as { data: [{ status: number; body: string }] }).data[0];
export const isAck = (id: number) => (frame: string) => frame.startsWith(`4{"type":1,"id":${id},`);
