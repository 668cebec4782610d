import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface DelayLinkOptions {
  /** Where it leads to on 127.0.0.1. */
  readonly port: number;
  /** What every byte takes from one side to the other, ms. */
  readonly delayMs: number;
}

/** A line of some length between a client and a server on loopback: TCP, whatever is spoken over it. */
export interface DelayLink {
  /** On 127.0.0.1; connections to it come out at the other end. */
  readonly port: number;
  /** Connections that were made so far. */
  readonly connections: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** So much may be on its way in one direction; the sender waits then. */
const ON_ITS_WAY_BYTES = 8 * 1024 * 1024;

/**
 * Opens one. Everything that passes takes `delayMs`, in order, each direction for itself; the bandwidth is that of
 * loopback. The far end hears of a connection after one way, and the client's first bytes leave after two, as if its
 * handshake had gone there and back: its own system tells it at once that it is connected.
 */
export async function startDelayLink({ port, delayMs }: DelayLinkOptions): Promise<DelayLink> {
  const open = new Set<() => void>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    connections += 1;
    const end = carry(near, port, delayMs, () => open.delete(end));
    open.add(end);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return connections;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const end of [...open]) end();
      }),
  };
}

/** One connection. Returns the way to end it at once; `over` is told when both ends are closed. */
function carry(near: Socket, port: number, delayMs: number, over: () => void): () => void {
  const sockets = [near];
  const end = () => {
    clearTimeout(timer);
    for (const socket of sockets) socket.destroy();
  };
  near.on('error', () => {});
  near.pause();
  const opened = performance.now();
  const timer = setTimeout(() => {
    const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    sockets.push(far);
    far.on('error', () => {});
    delayed(near, far, delayMs, opened + 2 * delayMs);
    delayed(far, near, delayMs, 0);
    let closed = 0;
    const count = () => {
      closed += 1;
      if (closed === 2) over();
    };
    near.once('close', count);
    far.once('close', count);
  }, delayMs);
  near.once('close', () => {
    if (sockets.length > 1) return;
    clearTimeout(timer);
    over();
  });
  return end;
}

interface Parcel {
  readonly dueAt: number;
  readonly bytes: number;
  deliver(): void;
}

/**
 * Carries what comes from one socket to the other, its end and its breaking off included.
 *
 * @param from on the clock of `performance.now`; what comes earlier sets out then
 */
function delayed(source: Socket, target: Socket, delayMs: number, from: number): void {
  const parcels: Parcel[] = [];
  let onTheirWay = 0;
  let timer: NodeJS.Timeout | undefined;
  const deliver = () => {
    timer = undefined;
    for (let next = parcels[0]; next !== undefined; next = parcels[0]) {
      const left = next.dueAt - performance.now();
      if (left > 0) {
        timer = setTimeout(deliver, Math.ceil(left));
        return;
      }
      if (target.writableNeedDrain) return void target.once('drain', deliver);
      parcels.shift();
      onTheirWay -= next.bytes;
      next.deliver();
    }
    source.resume();
  };
  const send = (bytes: number, delivery: () => void) => {
    const dueAt = Math.max(performance.now(), from) + delayMs;
    parcels.push({ dueAt, bytes, deliver: delivery });
    onTheirWay += bytes;
    if (onTheirWay > ON_ITS_WAY_BYTES) source.pause();
    if (parcels.length === 1) deliver();
  };
  source.on('data', (chunk: Buffer) => send(chunk.length, () => void target.write(chunk)));
  source.once('end', () => send(0, () => void target.end()));
  source.once('close', () => send(0, () => target.destroySoon()));
  target.once('close', () => {
    clearTimeout(timer);
    parcels.length = 0;
  });
  source.resume();
}
