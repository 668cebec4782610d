import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import WebSocket from 'ws';
import {
  type BrokerServer,
  type BrokerServerOptions,
  startBrokerServer,
} from '../../sandbox/broker-server.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { startChild } from '../../sandbox/child.ts';
import { until } from '../../sandbox/deadline.ts';
import { type Receiver, startReceiver } from '../../sandbox/receiver.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';

const TOKEN = '6b1f0f0e-3c62-4a5e-9d0a-000000000001';
const WAIT = { timeoutMs: 5_000 };

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(
  options: Partial<BrokerServerOptions> = {},
): Promise<{ broker: BrokerServer; receiver: Receiver }> {
  const receiver = await startReceiver();
  closers.push(() => receiver.close());
  const broker = await startBrokerServer({ backendUrl: receiver.url, ...options });
  closers.push(() => broker.close());
  return { broker, receiver };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The server's own folder, read off its log, which names its accept list. */
function folderOf(log: string): string {
  const path = /"accept":"([^"]+)"/.exec(log)?.[1];
  if (path === undefined) throw new Error(`no accept list in the log\n${log}`);
  return dirname(path);
}

/** The least that the server takes for a client: says who it is and answers every call with its url. */
function connectClient(broker: BrokerServer): WebSocket {
  const url = `${broker.url.replace('http', 'ws')}/primus/${TOKEN}/?connection_role=primary&EIO=4&transport=websocket`;
  const socket = new WebSocket(url);
  closers.push(() => socket.terminate());
  const send = (value: unknown) => socket.send(`4${JSON.stringify(value)}`);
  socket.on('message', (data) => {
    const frame = String(data);
    if (frame.startsWith('0')) {
      const metadata = { capabilities: ['post-streams'], clientId: TOKEN, version: '4.200.0', filters: {} };
      send({ type: 0, data: ['identify', { token: TOKEN, metadata }] });
    }
    if (!frame.startsWith('4{')) return;
    const { id, data: event } = JSON.parse(frame.slice(1));
    if (event[0] !== 'request') return;
    send({ type: 1, id, data: [{ status: 200, headers: {}, body: event[1].url }] });
  });
  return socket;
}

describe('the launcher of the real Snyk Broker server', () => {
  it('answers, and knows no client at first', async () => {
    const { broker } = await start();
    const { statusCode, body } = await request(`${broker.url}/healthcheck`);
    expect(statusCode).toBe(200);
    expect(await body.json()).toMatchObject({ ok: true });
    expect(await broker.connectionStatus(TOKEN)).toEqual({ status: 404, body: { ok: false } });
    expect(broker.log()).toContain('Broker starting in server mode.');
    await expect(broker.waitForClient(TOKEN, { timeoutMs: 60 })).rejects.toThrow(/not within 60 ms/);
  });

  it('relays a call to a client and leaves the path as it is', async () => {
    const { broker } = await start();
    connectClient(broker);
    await broker.waitForClient(TOKEN, WAIT);
    const answer = await request(broker.callUrl(TOKEN, '/projects/A%2fB;c?q=%2e'), {
      headers: { 'x-broker-ws-response': 'true' },
    });
    expect(answer.statusCode).toBe(200);
    expect(await answer.body.text()).toBe('/projects/A%2fB;c?q=%2e');
  });

  it('sends what comes out of the tunnel to the receiver', async () => {
    const { broker, receiver } = await start();
    const socket = connectClient(broker);
    await broker.waitForClient(TOKEN, WAIT);
    const call = { url: '/webhook/1', method: 'POST', headers: {}, body: '{"a":1}', streamingID: '' };
    socket.send(`4${JSON.stringify({ type: 0, data: ['request', call], id: 7 })}`);
    const { method, url, body } = await receiver.waitFor(() => true, 5_000);
    expect({ method, url, body: String(body) }).toEqual({
      method: 'POST',
      url: '/webhook/1',
      body: '{"a":1}',
    });
  });

  it('comes back on the same port after SIGKILL', async () => {
    const { broker } = await start();
    connectClient(broker);
    await broker.waitForClient(TOKEN, WAIT);
    const { pid, port } = broker;
    await broker.kill();
    expect(isRunning(pid)).toBe(false);
    await expect(request(`${broker.url}/healthcheck`)).rejects.toThrow();
    await broker.restart();
    expect(broker.port).toBe(port);
    expect(broker.pid).not.toBe(pid);
    expect(await broker.connectionStatus(TOKEN)).toMatchObject({ status: 404 });
  });

  it('speaks TLS under a private authority', async () => {
    const authority = createAuthority();
    const { broker } = await start({ tls: { ...authority.issue(['127.0.0.1']), ca: authority.ca } });
    expect(broker.url).toMatch(/^https:/);
    expect(broker.ca).toBe(authority.ca);
    const dispatcher = new Agent({ connect: { ca: authority.ca } });
    closers.push(() => dispatcher.destroy());
    const { statusCode, body } = await request(`${broker.url}/healthcheck`, { dispatcher });
    await body.dump();
    expect(statusCode).toBe(200);
    await expect(request(`${broker.url}/healthcheck`)).rejects.toThrow(/certificate|issuer/);
  });

  it('leaves no process and no file', async () => {
    const { broker } = await start();
    const { pid } = broker;
    const folder = folderOf(broker.log());
    expect(existsSync(folder)).toBe(true);
    await broker.close();
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
  });

  it('says what the server wrote when it does not start, and leaves nothing', async () => {
    const options = { backendUrl: 'http://127.0.0.1:1', tls: { cert: '-----BEGIN', key: '-----BEGIN' } };
    const error: unknown = await startBrokerServer(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toMatch(/did not start\n.*PEM/s);
    expect(existsSync(folderOf(String(error)))).toBe(false);
  });

  it('ends with the process that started it, even by SIGKILL', async () => {
    const from = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
    const script = `
      const { startBrokerServer } = await import(${from('../../sandbox/broker-server.ts')});
      const { pid } = await startBrokerServer({ backendUrl: 'http://127.0.0.1:1' });
      console.log('pid', pid);`;
    const lines: string[] = [];
    const folder = makeTemporaryFolder('orphan');
    closers.push(() => folder.remove());
    const starter = await startChild({
      args: ['--input-type=module', '--eval', script],
      env: { TMPDIR: folder.path },
      cwd: folder.path,
      onLine: (line) => lines.push(line),
    });
    closers.push(() => starter.kill());
    const pid = await until(() => lines.map((line) => /^pid (\d+)$/.exec(line)?.[1]).find(Boolean), {
      timeoutMs: 10_000,
      what: 'the pid of the server',
      detail: () => starter.output(),
    });
    expect(isRunning(Number(pid))).toBe(true);
    await starter.kill();
    await until(() => (isRunning(Number(pid)) ? undefined : true), {
      ...WAIT,
      what: 'the end of the server',
    });
  });
});
