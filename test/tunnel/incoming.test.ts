import { describe, expect, it } from '@jest/globals';
import { readIncoming } from '../../src/tunnel/incoming.ts';

describe('readIncoming', () => {
  it('reads a request as the server sends it', () => {
    const incoming = readIncoming({
      url: '/projects?limit=1',
      method: 'get',
      headers: { Accept: 'application/json', 'x-list': ['a', 'b'], 'x-number': 5, 'x-odd': { a: 1 } },
      body: { $binary: Buffer.from('{}').toString('base64') },
      streamingID: 'abc',
      requestId: 'r-1',
    });
    expect(incoming).toEqual({
      ok: true,
      streamingId: 'abc',
      call: {
        requestId: 'r-1',
        method: 'GET',
        url: '/projects?limit=1',
        headers: { accept: 'application/json', 'x-list': 'a, b', 'x-number': '5' },
        body: Buffer.from('{}'),
      },
    });
  });

  it('survives JSON that cannot be written out again', () => {
    const nested = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;
    const headers = { 'x-odd': [{ toString: 1 }], 'x-deep': nested(20_000), 'x-fine': ['a', 'b'] };
    expect(readIncoming({ url: '/a', headers })).toMatchObject({
      ok: true,
      call: { headers: { 'x-fine': 'a, b' } },
    });
    expect(() => readIncoming({ url: '/a', body: nested(20_000) })).not.toThrow();
  });

  it('takes the request id from the header, or makes one', () => {
    const named = readIncoming({ url: '/a', headers: { 'snyk-request-id': 'r-2' } });
    expect(named).toMatchObject({ call: { requestId: 'r-2', method: 'GET' }, streamingId: null });
    const made = readIncoming({ url: '/a' });
    expect(made.ok && made.call.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    [undefined, 'request without url'],
    ['text', 'request without url'],
    [{ method: 'GET' }, 'request without url'],
    [{ url: 5 }, 'request without url'],
    [{ url: '/a', method: 'GE T' }, 'request without a legal method'],
    [{ url: '/a', method: 5 }, 'request without a legal method'],
    [{ url: '/a', body: 5 }, 'request body in no known form'],
  ])('says what is wrong with %j', (argument, kind) => {
    expect(readIncoming(argument)).toMatchObject({ ok: false, kind });
  });
});
