import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startServer } from '../kit/http-server.ts';
import { atTheEnd, endAll, expectSoon } from '../kit/way-out.ts';
import { LIMITS, OK, rawRequest, sendRaw, startDesk, startRaw, TOKEN } from './relay-desk.ts';

afterEach(endAll);

describe('limits', () => {
  it('a body of 10 MiB passes, a longer one is 413 with a length and without', async () => {
    const sizes: number[] = [];
    const bitbucket = await startServer((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on('end', () => {
        sizes.push(size);
        response.end();
      });
    });
    atTheEnd(() => bitbucket.close());
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 10_000 } });
    const post = (size: number, chunked: boolean) =>
      new Promise<number>((resolve) => {
        const headers = {
          authorization: `Bearer ${TOKEN}`,
          ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': size }),
        };
        httpRequest(`${desk.url}/relay/x`, { method: 'POST', headers, agent: false }, (response) => {
          response.on('error', () => {}).resume();
          resolve(response.statusCode ?? 0);
        })
          .on('error', () => resolve(-1))
          .end(Buffer.alloc(size));
      });
    const limit = 10 * 1024 * 1024;
    expect(await post(limit, false)).toBe(200);
    expect(await post(limit, true)).toBe(200);
    // A caller that goes on sending may see its connection reset before it has read the answer.
    expect([413, -1]).toContain(await post(limit + 1, false));
    expect([413, -1]).toContain(await post(limit + 1, true));
    await expectSoon(() => desk.records.length === 4);
    expect(desk.records.slice(2).map(({ reason }) => reason)).toEqual([
      'PAYLOAD_TOO_LARGE',
      'PAYLOAD_TOO_LARGE',
    ]);
    expect(sizes).toEqual([limit, limit]);
  });

  it('bodies of more than 64 MiB at the same time are not held: one caller is told BUSY, six are served', async () => {
    const bitbucket = await startServer((request, response) => {
      request.on('end', () => response.end()).resume();
    });
    atTheEnd(() => bitbucket.close());
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 10_000 } });
    const size = 10 * 1024 * 1024;
    const sockets = Array.from({ length: 7 }, () => {
      const socket = connect(desk.port, '127.0.0.1').on('error', () => {});
      socket.resume().write(rawRequest('/relay/x', { method: 'POST', headers: [`Content-Length: ${size}`] }));
      socket.write(Buffer.alloc(size - 1));
      return socket;
    });
    atTheEnd(() => {
      for (const socket of sockets) socket.destroy();
    });
    await expectSoon(() => desk.records.length === 1);
    for (const socket of sockets) socket.write('x');
    await expectSoon(() => desk.records.length === 7);
    expect(desk.records.map(({ status }) => status)).toEqual([503, 200, 200, 200, 200, 200, 200]);
    expect(desk.records[0]).toMatchObject({ allowed: false, reason: 'BUSY' });
  });

  it('call 257 at the same time is 503 BUSY', async () => {
    const bitbucket = await startRaw(() => {});
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 30_000 } });
    const sockets = Array.from({ length: 256 }, () => {
      const socket = connect(desk.port, '127.0.0.1').on('error', () => {});
      socket.write(rawRequest('/relay/users'));
      return socket;
    });
    atTheEnd(() => {
      for (const socket of sockets) socket.destroy();
    });
    await expectSoon(() => bitbucket.received.filter((text) => text !== '').length === 256);
    const answer = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, 'BUSY']);
  });
});

describe('back-pressure', () => {
  it('brings 256 MiB through without holding them, and a caller that leaves ends the call at Bitbucket', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 7);
    const wanted = 256 * chunk.length;
    let written = 0;
    let gone = false;
    const bitbucket = await startServer((_request, response) => {
      response.writeHead(200, { 'content-length': wanted });
      const more = () => {
        while (written < wanted) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      response.on('close', () => {
        gone = !response.writableFinished;
      });
      more();
    });
    atTheEnd(() => bitbucket.close());
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, idleMs: 20_000 } });
    const open = async () => {
      const sent = httpRequest(`${desk.url}/relay/x`, {
        headers: { authorization: `Bearer ${TOKEN}` },
        agent: false,
      });
      sent.on('error', () => {}).end();
      const [response] = await once(sent, 'response');
      response.on('error', () => {});
      return response;
    };
    const held = await open();
    await expectSoon(() => desk.records.length === 0 && written > 0);
    // What nobody reads fills the buffers of four sockets and no more.
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(64 * chunk.length);
    let read = 0;
    for await (const piece of held) read += piece.length;
    expect(read).toBe(wanted);
    written = 0;
    const left = await open();
    await once(left, 'readable');
    left.destroy();
    await expectSoon(() => gone && desk.records.length === 2);
    expect(desk.records[1]).toMatchObject({ status: 0, code: 'ANSWER_LOST' });
  });
});

describe('draining', () => {
  it('takes no more calls, and waits for those under way', async () => {
    let release = () => {};
    const bitbucket = await startRaw((socket) => {
      release = () => socket.write(OK);
    });
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 30_000 } });
    const first = sendRaw(desk.port, rawRequest('/relay/users'));
    await expectSoon(() => bitbucket.received.length === 1);
    const drained = desk.road.drain(30_000);
    expect((await sendRaw(desk.port, rawRequest('/relay/users'))).status).toBe(503);
    release();
    expect((await first).status).toBe(200);
    await drained;
  });

  it('answers with STOPPING what takes too long', async () => {
    const bitbucket = await startRaw(() => {});
    const desk = await startDesk({ origin: bitbucket.origin, limits: { ...LIMITS, firstByteMs: 30_000 } });
    const first = sendRaw(desk.port, rawRequest('/relay/users'));
    await expectSoon(() => bitbucket.received.length === 1);
    await desk.road.drain(0);
    expect(await first).toMatchObject({ status: 503, body: expect.stringContaining('STOPPING') });
  });

  it('sends nothing for a call whose body comes to its end after the caller was told so', async () => {
    const bitbucket = await startRaw((socket) => socket.write(OK));
    const desk = await startDesk({ origin: bitbucket.origin });
    const caller = connect(desk.port, '127.0.0.1').on('error', () => {});
    atTheEnd(() => caller.destroy());
    const how = { method: 'POST', headers: ['Content-Length: 5'], body: 'half' };
    caller.write(rawRequest('/relay/x', how).replace('Connection: close\r\n', ''));
    const other = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect(other.status).toBe(200);
    const [sent] = bitbucket.received;
    const told = once(caller, 'data');
    const drained = desk.road.drain(0);
    expect(String(await told)).toContain('STOPPING');
    caller.write('!');
    await drained;
    await expectSoon(() => desk.records.length === 2);
    expect(desk.records[1]).toMatchObject({ allowed: false, reason: 'STOPPING', status: 503 });
    expect(bitbucket.received).toEqual([sent]);
  });

  it('does not wait for ever for a caller that reads no answers', async () => {
    // Together far more than the system keeps for a connection.
    const body = 'x'.repeat(1_000_000);
    const bitbucket = await startRaw((socket, text) => {
      if (text.endsWith('\r\n\r\n'))
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const desk = await startDesk({ origin: bitbucket.origin });
    const deaf = connect(desk.port, '127.0.0.1').on('error', () => {});
    atTheEnd(() => deaf.destroy());
    const call = `GET /relay/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`;
    deaf.pause().write(call.repeat(400));
    // Until the buffers of the connection are full of answers.
    let before = -1;
    while (before !== desk.records.length || before === 0) {
      before = desk.records.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(before).toBeLessThan(400);
    await desk.road.drain(0);
    expect(desk.records.at(-1)).toMatchObject({ status: 0, code: expect.any(String) });
  });
});
