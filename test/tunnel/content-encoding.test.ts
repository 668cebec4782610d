import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { decodeContent } from '../../src/tunnel/content-encoding.ts';

const text = Buffer.from('x'.repeat(10_000));

describe('decodeContent', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['zstd', zstdCompressSync(text)],
    ['identity', text],
    ['deflate, gzip', gzipSync(deflateSync(text))],
  ])('undoes %s', async (encoding, body) => {
    expect((await decodeContent(encoding, body, 10_000)).equals(text)).toBe(true);
  });

  it('stops at the limit, however small the compressed form', async () => {
    await expect(decodeContent('gzip', gzipSync(text), 9_999)).rejects.toMatchObject({
      code: 'BODY_TOO_LARGE',
    });
  });

  it.each([
    ['gzip', text],
    ['gzip', gzipSync(text).subarray(0, 20)],
    ['sdch', text],
  ])('names a broken or unknown %s', async (encoding, body) => {
    await expect(decodeContent(encoding, body, 10_000)).rejects.toMatchObject({ code: 'DOWNSTREAM_ERROR' });
  });
});
