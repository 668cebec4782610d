import { describe, expect, it } from '@jest/globals';
import { withBarrier } from '../../src/bitbucket/barrier.ts';
import { fetchWhole } from '../../src/bitbucket/fetch.ts';
import type { Outgoing, Send } from '../../src/bitbucket/send.ts';
import type { ErrorCode } from '../../src/errors.ts';

const REQUEST = { origin: 'http://bitbucket.example', path: '/users', login: null };

describe('a barrier', () => {
  it('lets nothing out as long as there is a reason, and everything afterwards', async () => {
    const sent: Outgoing[] = [];
    const answering: Send = (request, sink) => {
      sent.push(request);
      queueMicrotask(() => {
        sink.head(200, {});
        sink.end();
      });
      return { resume() {}, cancel() {} };
    };
    let closed: ErrorCode | null = 'AUDIT_UNAVAILABLE';
    const send = withBarrier(answering, () => closed);
    await expect(fetchWhole(send, REQUEST, 1_000)).rejects.toMatchObject({ code: closed });
    expect(sent).toEqual([]);
    closed = null;
    expect((await fetchWhole(send, REQUEST, 1_000)).status).toBe(200);
    expect(sent).toHaveLength(1);
  });

  it('says nothing to whom has given up', async () => {
    const heard: unknown[] = [];
    const send = withBarrier(
      () => {
        throw new Error('nothing is to be sent');
      },
      () => 'AUDIT_UNAVAILABLE',
    );
    const sink = {
      head() {},
      data: () => true,
      end() {},
      failed: (error: unknown) => void heard.push(error),
    };
    send({ ...REQUEST, method: 'GET', headers: {}, body: null }, sink).cancel();
    await Promise.resolve();
    expect(heard).toEqual([]);
  });
});
