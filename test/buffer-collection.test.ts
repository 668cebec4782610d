import { describe, expect, it } from '@jest/globals';
import { free } from '../src/buffer-collection.ts';

describe('giving memory back', () => {
  it('takes the memory of a buffer away, at once and once only', () => {
    const { buffer } = Buffer.allocUnsafeSlow(1024 * 1024);
    const before = process.memoryUsage().arrayBuffers;
    free(buffer);
    expect(buffer.byteLength).toBe(0);
    expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(1024 * 1024);
    expect(() => free(buffer)).not.toThrow();
  });
});
