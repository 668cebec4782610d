import { describe, expect, it } from '@jest/globals';
import { TextBudget } from '../../src/tunnel/text-budget.ts';

const MIB = 1024 * 1024;

function collector() {
  return {
    woken: 0,
    drained() {
      this.woken += 1;
    },
  };
}

describe('TextBudget', () => {
  it('lets everybody go on while there is room', () => {
    const budget = new TextBudget();
    const all = Array.from({ length: 4 }, collector);
    expect(all.map((one) => budget.take(one, 8 * MIB))).toEqual([true, true, true, true]);
  });

  it('lets only the oldest go on when there is none, and the others when there is again', () => {
    const budget = new TextBudget();
    const [oldest, second, third] = [collector(), collector(), collector()];
    budget.take(oldest, 16 * MIB);
    expect(budget.take(second, 16 * MIB)).toBe(true);
    expect(budget.take(third, 1)).toBe(false);
    expect(budget.take(second, 1)).toBe(false);
    expect(budget.take(oldest, 4 * MIB)).toBe(true);
    expect([second.woken, third.woken]).toEqual([0, 0]);
    budget.release(oldest);
    expect([second.woken, third.woken]).toEqual([1, 1]);
  });

  it('makes the next one the oldest, so that one can always come to its end', () => {
    const budget = new TextBudget();
    const [oldest, second, third] = [collector(), collector(), collector()];
    for (const one of [oldest, second, third]) budget.take(one, 20 * MIB);
    budget.release(oldest);
    expect([second.woken, third.woken]).toEqual([1, 0]);
    budget.release(second);
    expect(third.woken).toBe(1);
  });
});
