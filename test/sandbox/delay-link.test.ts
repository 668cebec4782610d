import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type DelayLink, startDelayLink } from '../../sandbox/delay-link.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';

const DELAY_MS = 40;
/** Clocks of timers are whole milliseconds. */
const ROUNDING_MS = 2;

afterEach(endAll);

async function behindALink(serve: (socket: Socket) => void): Promise<DelayLink> {
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    atTheEnd(() => void socket.destroy());
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const link = await startDelayLink({ port: (server.address() as AddressInfo).port, delayMs: DELAY_MS });
  atTheEnd(async () => {
    await link.close();
    await new Promise((resolve) => server.close(resolve));
  });
  return link;
}

function client(link: DelayLink): Socket {
  const socket = connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  atTheEnd(() => void socket.destroy());
  return socket;
}

describe('a link with a delay', () => {
  it('takes a round trip to connect and one for every question', async () => {
    const link = await behindALink((socket) => socket.on('data', (chunk) => socket.write(chunk)));
    const begun = performance.now();
    const socket = client(link);
    socket.write('one');
    await once(socket, 'data');
    const connected = performance.now() - begun;
    socket.write('two');
    await once(socket, 'data');
    const asked = performance.now() - begun - connected;
    expect(connected).toBeGreaterThan(4 * DELAY_MS - ROUNDING_MS);
    expect(asked).toBeGreaterThan(2 * DELAY_MS - ROUNDING_MS);
    expect(link.connections).toBe(1);
  });

  it('carries much, whole and in order, to a reader who comes late', async () => {
    const sent = Buffer.alloc(24 * 1024 * 1024, '0123456789abcdefghijklmnopqrstuvwxyz');
    const link = await behindALink((socket) => socket.end(sent));
    const socket = client(link);
    await once(socket, 'readable');
    const sum = createHash('sha256');
    let bytes = 0;
    for await (const chunk of socket) {
      bytes += chunk.length;
      sum.update(chunk);
    }
    expect(bytes).toBe(sent.length);
    expect(sum.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
  });

  it('lets the other side speak on after one has ended', async () => {
    const link = await behindALink((socket) => socket.on('end', () => socket.end('heard')).resume());
    const socket = client(link);
    socket.end('all');
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toBe('heard');
  });

  it.each(['near', 'far'] as const)('ends both sides when the %s one breaks off', async (side) => {
    const arrived = Promise.withResolvers<Socket>();
    const link = await behindALink((socket) => arrived.resolve(socket.resume()));
    const near = client(link).resume();
    near.write('hello');
    const far = await arrived.promise;
    const [breaks, hears] = side === 'near' ? [near, far] : [far, near];
    const heard = once(hears, 'end');
    breaks.destroy();
    await heard;
    expect(hears.readableEnded).toBe(true);
  });

  it('ends what is connected when it is closed', async () => {
    const link = await behindALink((socket) => socket.resume());
    const socket = client(link).resume();
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await link.close();
    socket.end();
    await closed;
    expect(socket.destroyed).toBe(true);
  });
});
