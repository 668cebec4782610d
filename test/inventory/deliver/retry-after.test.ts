import { describe, expect, it } from '@jest/globals';
import { retryAfterMs } from '../../../src/inventory/deliver/retry-after.ts';

describe('Retry-After', () => {
  const date = 'Mon, 23 Nov 2026 15:00:00 GMT';
  it.each([
    ['120', undefined, 120_000],
    ['0', undefined, 0],
    [' 5 ', undefined, 5_000],
    ['Mon, 23 Nov 2026 15:01:30 GMT', date, 90_000],
    ['Mon, 23 Nov 2026 14:00:00 GMT', date, 0],
    ['Mon, 23 Nov 2026 15:01:30 GMT', undefined, null],
    ['-5', undefined, null],
    ['soon', date, null],
    ['1e9', undefined, null],
    [undefined, date, null],
    [['3'], undefined, null],
  ])('%j, answered at %j, is %j', (value, dateHeader, ms) => {
    expect(retryAfterMs({ 'retry-after': value, date: dateHeader })).toBe(ms);
  });
});
