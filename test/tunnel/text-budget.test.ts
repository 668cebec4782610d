import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { TextBudget } from '../../src/tunnel/text-budget.ts';

const MIB = 1024 * 1024;

function collector() {
  const starving = Promise.withResolvers<void>();
  return {
    woken: 0,
    starving: starving.promise,
    drained() {
      this.woken += 1;
    },
    starved: starving.resolve,
  };
}

describe('TextBudget', () => {
  it('lets everybody go on while there is room', () => {
    const budget = new TextBudget();
    const all = Array.from({ length: 4 }, collector);
    expect(all.map((one) => budget.take(one, 8 * MIB))).toEqual([true, true, true, true]);
  });

  it('lets the oldest and small ones go on when there is none, and the others when there is again', async () => {
    const budget = new TextBudget();
    const [oldest, second, small] = [collector(), collector(), collector()];
    budget.take(oldest, 16 * MIB);
    expect(budget.take(second, 16 * MIB)).toBe(true);
    expect(budget.take(second, 1)).toBe(false);
    expect(budget.take(small, 100_000)).toBe(true);
    expect(budget.take(oldest, 4 * MIB)).toBe(true);
    budget.release(oldest);
    expect(second.woken).toBe(0);
    await nextTurn();
    expect([second.woken, small.woken]).toEqual([1, 0]);
  });

  it('makes the next one the oldest, so that one can always come to its end', async () => {
    const budget = new TextBudget();
    const [oldest, second, third] = [collector(), collector(), collector()];
    for (const one of [oldest, second, third]) budget.take(one, 20 * MIB);
    budget.release(oldest);
    await nextTurn();
    expect([second.woken, third.woken]).toEqual([1, 0]);
    budget.release(second);
    await nextTurn();
    expect(third.woken).toBe(1);
  });

  it('gives up what cannot go on for too long', async () => {
    const budget = new TextBudget(10);
    const [dripping, second] = [collector(), collector()];
    budget.take(dripping, 30 * MIB);
    budget.take(second, 10 * MIB);
    await second.starving;
    budget.release(second);
    expect(budget.take(collector(), 1 * MIB)).toBe(true);
  });

  it('finishes large answers one after the other, small ones at once', async () => {
    const budget = new TextBudget();
    const finished: string[] = [];
    const [first, second, third] = [collector(), collector(), collector()];
    budget.finish(first, 20 * MIB, () => finished.push('first'));
    budget.finish(second, 20 * MIB, () => finished.push('second'));
    budget.finish(third, 20 * MIB, () => finished.push('third'));
    budget.finish(collector(), 1_000, () => finished.push('small'));
    expect(finished).toEqual(['first', 'small']);
    budget.release(second);
    await nextTurn();
    expect(finished).toEqual(['first', 'small']);
    budget.release(first);
    await nextTurn();
    expect(finished).toEqual(['first', 'small', 'third']);
  });
});
