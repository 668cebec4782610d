import { describe, expect, it } from '@jest/globals';
import { recordedMs, recordedTarget } from '../src/recorded-call.ts';

describe('what a record has of a call', () => {
  it.each([
    ['/users', { path: '/users' }],
    ['/users?', { path: '/users', query: '' }],
    ['/users?a=1?b', { path: '/users', query: 'a=1?b' }],
    [`/${'p'.repeat(600)}?a=1`, { path: `/${'p'.repeat(499)}`, query: 'a=1' }],
    [`/${'p'.repeat(600)}`, { path: `/${'p'.repeat(499)}` }],
    [`/x?${'q'.repeat(3_000)}`, { path: '/x', query: 'q'.repeat(2_000) }],
  ])('is its path, cut, and its query only where that is kept: %s', (url, target) => {
    expect(recordedTarget(url, true)).toEqual(target);
    expect(recordedTarget(url, false)).toEqual({ path: target.path });
  });

  it('is its time with two decimals', () => {
    expect([0, 1.005_1, 12.344_9, 1e6].map(recordedMs)).toEqual([0, 1.01, 12.34, 1e6]);
  });
});
