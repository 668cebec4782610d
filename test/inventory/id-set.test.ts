import { describe, expect, it } from '@jest/globals';
import { idOf } from '../../src/inventory/collect/raw-id.ts';
import { IdSet } from '../../src/inventory/id-set.ts';

describe('a set of ids', () => {
  it('tells every id apart, small and large', () => {
    const ids = [1, 2, 7, 8, 2047, 2048, 2049, 2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 48, 2 ** 53 - 1];
    const set = new IdSet();
    for (const [index, id] of ids.entries()) {
      expect(ids.map((other) => set.has(other))).toEqual(ids.map((_, at) => at < index));
      expect([set.add(id), set.add(id)]).toEqual([true, false]);
    }
  });

  it('takes nothing for an id that is none', () => {
    const odd = [undefined, null, 7, 'x', [], {}, { id: null }, { id: '7' }, { id: -1 }, { id: 1.5 }];
    expect(odd.map(idOf)).toEqual(odd.map(() => null));
    expect(idOf({ id: 7 })).toBe(7);
  });
});
