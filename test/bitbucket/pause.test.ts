import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { fullJitter, pause } from '../../src/bitbucket/pause.ts';

describe('a pause', () => {
  it('ends by itself, and leaves nothing on its signal', async () => {
    const { signal } = new AbortController();
    await pause(1, signal);
    await pause(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('ends when it is aborted, before or meanwhile', async () => {
    const stop = new AbortController();
    const long = pause(2 ** 30, stop.signal);
    stop.abort();
    await long;
    await pause(2 ** 30, stop.signal);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  });
});

it('full jitter lies below a ceiling that doubles up to its cap', () => {
  const ceilings = [1, 2, 3, 4, 100].map((failures) => fullJitter(failures, 500, 3_000, () => 1));
  expect(ceilings).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
  expect(fullJitter(3, 500, 3_000, () => 0.25)).toBe(500);
});
