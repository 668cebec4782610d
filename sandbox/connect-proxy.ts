import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import type { IssuedCertificate } from './certificates.ts';

/** One request that reached the proxy. `target` is `host:port` of a CONNECT, or the absolute URL exactly as it came. */
export interface ProxiedRequest {
  readonly kind: 'connect' | 'absolute';
  readonly target: string;
  readonly authorized: boolean;
}

export interface ProxyOptions {
  /** Together with `password`: what Basic authentication must present. Left out: everyone may pass. */
  readonly username?: string;
  readonly password?: string;
  /** The proxy itself speaks TLS. */
  readonly tls?: IssuedCertificate;
  /** Takes connections and CONNECT requests, and never answers. */
  readonly silent?: boolean;
}

export interface ForwardProxy {
  /** With the credentials, percent-encoded: what `HTTPS_PROXY` is set to. */
  readonly url: string;
  readonly requests: readonly ProxiedRequest[];
  /** Connections that clients hold open at this moment. */
  connections(): number;
  close(): Promise<void>;
}

/** A forward proxy on the loopback interface: CONNECT tunnels and absolute-form requests. */
export async function startProxy(options: ProxyOptions = {}): Promise<ForwardProxy> {
  const expected = expectedAuthorization(options);
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Duplex>();
  const admits = (kind: ProxiedRequest['kind'], incoming: IncomingMessage): boolean => {
    const authorized = expected === null || incoming.headers['proxy-authorization'] === expected;
    requests.push({ kind, target: incoming.url ?? '', authorized });
    return authorized;
  };

  const server = options.tls === undefined ? createServer() : createTlsServer(options.tls);
  server.on('connection', (socket: Socket) => hold(sockets, socket));
  server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
    const admitted = admits('absolute', incoming);
    if (options.silent) return;
    if (admitted) forward(incoming, response);
    else
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="sandbox"' }).end('log in at the proxy');
  });
  server.on('connect', (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
    const admitted = admits('connect', incoming);
    if (options.silent) client.resume().once('end', () => client.destroy());
    else if (admitted) tunnel(incoming, client, head, sockets);
    else client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  });
  await listen(server);

  return {
    url: proxyUrl(server, options),
    requests,
    connections: () => [...sockets].filter((socket) => !socket.destroyed).length,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
}

function expectedAuthorization({ username, password }: ProxyOptions): string | null {
  if (username === undefined) return null;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

function proxyUrl(server: Server, { username, password, tls }: ProxyOptions): string {
  const { port } = server.address() as AddressInfo;
  const login =
    username === undefined ? '' : `${encodeURIComponent(username)}:${encodeURIComponent(password ?? '')}@`;
  return tls === undefined ? `http://${login}127.0.0.1:${port}` : `https://${login}localhost:${port}`;
}

function hold(sockets: Set<Duplex>, socket: Duplex): void {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.once('close', () => sockets.delete(socket));
}

/** Passes the path on as it came: a URL parser would resolve its dot segments. */
function forward(incoming: IncomingMessage, response: ServerResponse): void {
  const target = /^http:\/\/(?<host>\[[^\]]*\]|[^:/]+)(?::(?<port>\d+))?(?<path>\/.*)?$/.exec(
    incoming.url ?? '',
  )?.groups;
  if (target === undefined) {
    response.writeHead(400).end();
    return;
  }
  const headers = { ...incoming.headers };
  delete headers['proxy-authorization'];
  delete headers['proxy-connection'];
  const outgoing = httpRequest({
    host: (target.host ?? '').replace(/^\[|\]$/g, ''),
    port: Number(target.port ?? 80),
    path: target.path ?? '/',
    method: incoming.method ?? 'GET',
    headers,
    agent: false,
  });
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => {});
  });
  outgoing.once('error', () => response.destroy());
  response.once('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function tunnel(incoming: IncomingMessage, client: Duplex, head: Buffer, sockets: Set<Duplex>): void {
  const target = new URL(`http://${incoming.url ?? ''}`);
  const upstream = connect(Number(target.port || 80), target.hostname.replace(/^\[|\]$/g, ''), () => {
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    upstream.write(head);
    upstream.pipe(client);
    client.pipe(upstream);
  });
  hold(sockets, upstream);
  client.once('close', () => upstream.destroy());
  upstream.once('close', () => client.destroy());
}
