import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { AnswerBody } from '../../src/tunnel/answer-body.ts';
import { SLAB_BYTES } from '../../src/tunnel/slabs.ts';

const bodyOf = (...pieces: readonly Buffer[]): AnswerBody => {
  const body = new AnswerBody(() => {});
  for (const piece of pieces) body.push(piece);
  body.end();
  return body;
};

describe('an answer that goes out whole', () => {
  it('is put together in memory that is used again once the wire has taken it', () => {
    const first = bodyOf(Buffer.from('head'), Buffer.from('one'));
    const whole = first.whole();
    expect(whole.toString()).toBe('headone');
    first.taken();
    const second = bodyOf(Buffer.from('h'), Buffer.from('two')).whole();
    expect(second.toString()).toBe('htwo');
    expect(second.buffer).toBe(whole.buffer);
  });

  it('keeps its memory for another try, and for good when the wire did not take it', () => {
    const lost = bodyOf(Buffer.from('head'), Buffer.from('one'));
    const whole = lost.whole();
    expect(lost.whole()).toBe(whole);
    lost.discard('over');
    const next = bodyOf(Buffer.from('head'), Buffer.from('two'));
    expect(next.whole().buffer).not.toBe(whole.buffer);
    next.taken();
    expect(whole.toString()).toBe('headone');
  });

  it('gives its memory back once, however often it is told', () => {
    const body = bodyOf(Buffer.from('a'), Buffer.from('b'));
    body.whole();
    body.taken();
    body.taken();
    const [one, other] = [
      bodyOf(Buffer.from('c'), Buffer.from('d')),
      bodyOf(Buffer.from('e'), Buffer.from('f')),
    ];
    expect(one.whole().buffer).not.toBe(other.whole().buffer);
  });

  it('is whole beyond what that memory holds', () => {
    const large = Buffer.alloc(SLAB_BYTES, 'x');
    expect(bodyOf(Buffer.from('head'), large).whole()).toEqual(Buffer.concat([Buffer.from('head'), large]));
  });

  it('gives back what its pieces came in, when who read them has returned', async () => {
    const read = Buffer.from(Buffer.allocUnsafeSlow(50_000).fill('x').buffer);
    const small = Buffer.from('from the pool that others use');
    const body = bodyOf(small, read);
    const whole = body.whole();
    expect(read.length).toBe(50_000);
    await turn();
    expect(read.buffer.byteLength).toBe(0);
    expect(small.toString()).toBe('from the pool that others use');
    expect(whole.length).toBe(small.length + 50_000);
  });
});
