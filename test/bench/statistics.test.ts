import { describe, expect, it } from '@jest/globals';
import { at, median, ratioOf, summaryOf } from '../../bench/statistics.ts';

describe('statistics of the bench', () => {
  it('takes the middle one, or what is between the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 2, 4, 100])).toBe(7);
    expect(median([3])).toBe(3);
    expect(median([])).toBeNaN();
  });

  it('sorts by size and not by text, and leaves what it is given as it is', () => {
    const values = [100, 20, 3];
    expect(median(values)).toBe(20);
    expect(values).toEqual([100, 20, 3]);
  });

  it('says nothing of no readings', () => {
    expect(summaryOf([])).toBeNull();
    expect(ratioOf([], [1])).toBeNull();
    expect(ratioOf([1], [])).toBeNull();
  });

  it('tells the lowest and the highest reading as the spread', () => {
    expect(summaryOf([4, 2, 9])).toEqual({ median: 4, low: 2, high: 9 });
  });

  it('takes the ratio of the medians, and its spread pair by pair', () => {
    // Pair by pair: 0.5, 0.25, 0.75; of the medians: 2 / 4.
    expect(ratioOf([1, 2, 3], [2, 8, 4])).toEqual({ median: 0.5, low: 0.25, high: 0.75 });
  });

  it('finds the value below which a share of the readings lies', () => {
    const sorted = Array.from({ length: 200 }, (_, index) => index);
    expect(at(sorted, 0.5)).toBe(100);
    expect(at(sorted, 0.99)).toBe(198);
    expect(at(sorted, 1)).toBe(199);
    expect(at([], 0.5)).toBeNaN();
  });
});
