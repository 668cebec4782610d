import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { drain } from '../../bench/drain.ts';

type Handler = Parameters<typeof createServer>[1];

async function drained(handler: Handler): Promise<number> {
  const server = createServer({}, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await drain(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file?bytes=1`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('the reader of long answers', () => {
  it('counts the bytes of the body, however they are cut', async () => {
    const parts = [1, 70_000, 3, 1_000_000].map((length) => Buffer.alloc(length, 'x'));
    const bytes = parts.reduce((sum, { length }) => sum + length, 0);
    const came = await drained((_, response) => {
      response.writeHead(200, { 'content-length': bytes });
      for (const part of parts) response.write(part);
      response.end();
    });
    expect(came).toBe(bytes);
  });

  it('rejects an answer that is not 200', async () => {
    const work = drained((_, response) => response.writeHead(502, { 'content-length': 0 }).end());
    await expect(work).rejects.toThrow('502');
  });

  it('rejects an answer that breaks off', async () => {
    const work = drained((_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('x'.repeat(10), () => response.destroy());
    });
    await expect(work).rejects.toThrow('10 bytes came, not 1000');
  });

  it('rejects an answer without a length', async () => {
    const work = drained((_, response) => void response.writeHead(200).end('chunked'));
    await expect(work).rejects.toThrow('not 200 with a length');
  });
});
