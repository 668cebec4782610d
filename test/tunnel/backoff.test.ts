import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { reconnectDelay } from '../../src/tunnel/backoff.ts';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('reconnectDelay', () => {
  it('stays within 8 s while an outage is younger than five minutes', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.nat(299_999), random, (attempt, outageMs, r) => {
        const delay = reconnectDelay(attempt, outageMs, r);
        expect(delay).toBeGreaterThanOrEqual(50);
        expect(delay).toBeLessThan(8_000);
      }),
    );
  });

  it('stays within 30 s for ever after', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 300_000 }), random, (attempt, outageMs, r) => {
        const delay = reconnectDelay(attempt, outageMs, r);
        expect(delay).toBeGreaterThanOrEqual(50);
        expect(delay).toBeLessThan(30_000);
      }),
    );
  });

  it('spreads over the whole range, and the range doubles', () => {
    expect(reconnectDelay(0, 0, 0)).toBe(50);
    expect(reconnectDelay(0, 0, 0.999)).toBeLessThan(500);
    expect(reconnectDelay(3, 0, 0.999)).toBeGreaterThan(3_900);
    expect(reconnectDelay(20, 0, 0.999)).toBeGreaterThan(7_900);
    expect(reconnectDelay(20, 300_000, 0.999)).toBeGreaterThan(29_000);
  });
});
