import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { readBody } from './http-server.ts';

/** One socket that a tunnel opened to the double, with what it sent. */
export interface DoubleSocket {
  readonly websocket: WebSocket;
  readonly request: IncomingMessage;
  readonly role: string;
  /** Every text frame the tunnel sent, in order. */
  readonly frames: string[];
  /** Sends an event as the server does. */
  emit(name: string, argument: unknown, id?: number): void;
  /** The next frame from the tunnel that is accepted, looked for in those already there too. */
  next(accepts: (frame: string) => boolean): Promise<string>;
}

export interface BrokerDouble {
  readonly url: string;
  readonly sockets: DoubleSocket[];
  /** Streamed answers, in the order of their ends. */
  readonly posts: { readonly url: string; readonly body: Buffer }[];
  /** The next socket that opens; `role` narrows it. */
  opened(role?: string): Promise<DoubleSocket>;
  close(): Promise<void>;
}

/**
 * A stand-in for the broker server, for what the real one never does: garbage, silence, refusing to identify.
 * Speaks the same wire; everything that the real server does do is tested against the real one.
 */
export async function startBrokerDouble(options: { identify?: boolean } = {}): Promise<BrokerDouble> {
  const posts: { url: string; body: Buffer }[] = [];
  const http = createServer(async (request, response) => {
    const body = await readBody(request);
    posts.push({ url: request.url ?? '', body });
    response.end('{}');
  });
  const server = new WebSocketServer({ server: http });
  const sockets: DoubleSocket[] = [];
  const waiting = new Set<() => void>();
  server.on('connection', (websocket, request) => {
    sockets.push(double(websocket, request));
    if (options.identify !== false)
      sockets.at(-1)?.emit('identify', { capabilities: ['receive-post-streams'] });
    for (const wake of waiting) wake();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  let seen = 0;
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    sockets,
    posts,
    opened: (role) =>
      new Promise((resolve) => {
        const look = () => {
          const found = sockets.findIndex(
            (socket, index) => index >= (role ? 0 : seen) && (!role || socket.role === role),
          );
          const socket = sockets[found];
          if (socket === undefined) return;
          if (role === undefined) seen = found + 1;
          waiting.delete(look);
          resolve(socket);
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      for (const { websocket } of sockets) websocket.terminate();
      server.close();
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}

function double(websocket: WebSocket, request: IncomingMessage): DoubleSocket {
  const frames: string[] = [];
  const waiting = new Set<() => void>();
  websocket.on('message', (data) => {
    frames.push(String(data));
    for (const wake of waiting) wake();
  });
  websocket.on('error', () => {});
  websocket.send('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}');
  return {
    websocket,
    request,
    role: new URL(request.url ?? '', 'http://x').searchParams.get('connection_role') ?? '',
    frames,
    emit: (name, argument, id) =>
      websocket.send(
        `4${JSON.stringify({ type: 0, data: [name, argument], ...(id === undefined ? {} : { id }) })}`,
      ),
    next: (accepts) =>
      new Promise((resolve) => {
        const look = () => {
          const frame = frames.find(accepts);
          if (frame === undefined) return;
          waiting.delete(look);
          resolve(frame);
        };
        waiting.add(look);
        look();
      }),
  };
}
