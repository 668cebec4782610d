import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GrowingBuffer } from '../../src/tunnel/growing-buffer.ts';

describe('GrowingBuffer', () => {
  it('gives back what was pushed, whatever the pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 200 }), (pieces) => {
        const buffer = new GrowingBuffer();
        const chunks = pieces.map((piece) => Buffer.from(piece));
        for (const chunk of chunks) buffer.push(chunk);
        const whole = Buffer.concat(chunks);
        expect(buffer.length).toBe(whole.length);
        expect(buffer.take().equals(whole)).toBe(true);
        expect(buffer.length).toBe(0);
      }),
    );
  });

  it('leaves the first piece alone, and takes the same piece again', () => {
    const buffer = new GrowingBuffer();
    const chunk = Buffer.from('ab');
    for (let count = 0; count < 3; count += 1) buffer.push(chunk);
    expect(String(buffer.take())).toBe('ababab');
    expect(String(chunk)).toBe('ab');
  });
});
