import { describe, expect, it } from '@jest/globals';
import { retryAfterMs } from '../src/retry-after.ts';

const NOW = Date.parse('Mon, 23 Nov 2026 15:01:00 GMT');

describe('Retry-After', () => {
  const date = 'Mon, 23 Nov 2026 15:00:00 GMT';
  it.each([
    ['120', undefined, 120_000],
    ['0', undefined, 0],
    [' 5 ', undefined, 5_000],
    ['9'.repeat(400), undefined, Number.POSITIVE_INFINITY],
    ['Mon, 23 Nov 2026 15:01:30 GMT', date, 90_000],
    ['Monday, 23-Nov-26 15:01:30 GMT', date, 90_000],
    ['Mon, 23 Nov 2026 14:00:00 GMT', date, 0],
    ['Mon, 23 Nov 2026 15:01:30 GMT', undefined, 30_000],
    ['Mon, 23 Nov 2026 15:01:30 GMT', 'soon', 30_000],
    ['Mon, 23 Nov 2026 15:01:30 GMT', '-5', 30_000],
    ['Mon, 23 Nov 2026 15:00:30 GMT', undefined, 0],
    ['-5', undefined, null],
    ['soon', date, null],
    ['later GMT', date, null],
    ['1e9', undefined, null],
    ['', date, null],
    [undefined, date, null],
    [['3', '4'], undefined, 3_000],
    [[], undefined, null],
    [{ seconds: 3 }, undefined, null],
  ])('%j, answered at %j, is %j', (value, dateHeader, ms) => {
    expect(retryAfterMs({ 'retry-after': value, date: dateHeader }, NOW)).toBe(ms);
  });
});
