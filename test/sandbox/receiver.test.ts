import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { type Receiver, startReceiver } from '../../sandbox/receiver.ts';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

describe('the receiver', () => {
  it('keeps what came, byte for byte', async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    const { statusCode, body } = await request(`${receiver.url}/a%2fb?c=%20`, {
      method: 'PUT',
      headers: { 'x-kind': 'bytes' },
      body: bytes,
    });
    expect(statusCode).toBe(200);
    expect(await body.text()).toBe('{}');
    const seen = await receiver.waitFor(({ method }) => method === 'PUT', 1_000);
    expect(seen.url).toBe('/a%2fb?c=%20');
    expect(seen.headers['x-kind']).toBe('bytes');
    expect(seen.body.equals(bytes)).toBe(true);
  });

  it('answers as told', async () => {
    receiver.respond(({ url }) => ({ status: 202, headers: { 'x-a': 'b' }, body: url }));
    const { statusCode, headers, body } = await request(`${receiver.url}/told`);
    expect(statusCode).toBe(202);
    expect(headers['x-a']).toBe('b');
    expect(await body.text()).toBe('/told');
  });

  it('answers 500 when its responder throws', async () => {
    receiver.respond(() => {
      throw new Error('no');
    });
    const { statusCode, body } = await request(`${receiver.url}/`);
    await body.dump();
    expect(statusCode).toBe(500);
  });

  it('keeps the newest thousand', async () => {
    receiver.respond(() => ({}));
    for (let n = 0; n < 1005; n += 1) await (await request(`${receiver.url}/${n}`)).body.dump();
    expect(receiver.received).toHaveLength(1000);
    expect(receiver.received.at(-1)?.url).toBe('/1004');
    expect(receiver.received[0]?.url).toBe('/5');
  });

  it('says what it waited for in vain', async () => {
    await expect(receiver.waitFor(({ url }) => url === '/never', 30)).rejects.toThrow(
      /at the receiver.*30 ms/,
    );
  });
});
