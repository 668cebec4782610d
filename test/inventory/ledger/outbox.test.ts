import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../../src/inventory/ledger/ledger.ts';
import { folderOfEachTest } from './each-test.ts';
import type * as stage from './stage.ts';
import { AT, deliver, enqueue, ONLY_REPOSITORIES, ONLY_USERS, read, run, SEEN, told } from './stage.ts';

const state = folderOfEachTest();
let ledger: Ledger;

beforeEach(() => {
  ledger = state.open();
});

function collected(users: stage.World, repositories: stage.World = {}): void {
  read(ledger, users, repositories);
  ledger.collected(SEEN);
}

describe('a batch', () => {
  it('waits byte for byte, oldest first, and numbers count up in the run', () => {
    collected({ 1: 'a', 2: 'b', 3: 'c' });
    expect(ledger.waiting()).toBeNull();
    expect(ledger.pendingCount()).toBe(3);
    const first = enqueue(ledger, 2);
    const second = enqueue(ledger, 2);
    expect([first.sequence, first.size, second.sequence, second.size]).toEqual([1, 2, 2, 1]);
    expect(ledger.pendingCount()).toBe(0);
    expect(ledger.waiting()).toEqual(first);
    expect(ledger.waiting()?.body.equals(first.body)).toBe(true);
    expect(ledger.anyAcknowledged).toBe(false);
    expect(ledger.acknowledge(1)).toBe(2);
    expect(ledger.anyAcknowledged).toBe(true);
    expect(ledger.waiting()).toEqual(second);
    expect(ledger.acknowledge(2)).toBe(3);
    const manifest = ledger.enqueue([], (sequence) => Buffer.from(`manifest ${sequence}`));
    expect(manifest).toEqual({ sequence: 3, size: 0, body: Buffer.from('manifest 3') });
    expect(ledger.acknowledge(3)).toBe(3);
    expect(ledger.finish('complete', AT)).toMatchObject({ sent: 3, state: 'complete', endedAt: AT });
    collected({ 1: 'A' });
    expect(enqueue(ledger).sequence).toBe(1);
  });

  it('is not there when its body cannot be made', () => {
    collected({ 1: 'a' });
    const members = ledger.pending(5);
    const fail = () => {
      throw new RangeError('too long');
    };
    expect(() => ledger.enqueue(members, fail)).toThrow(RangeError);
    expect([ledger.waiting(), ledger.pendingCount()]).toEqual([null, 1]);
    expect(enqueue(ledger).sequence).toBe(1);
    expect(() => ledger.enqueue(members, () => Buffer.alloc(0))).toThrow('in another one');
  });

  it('that is too large gives its members back', () => {
    run(ledger, { 1: 'a', 2: 'b' }, { 3: 'r' });
    collected({ 1: 'A' }, { 3: 'R' });
    const { sequence } = enqueue(ledger);
    const members = ledger.withdraw(sequence);
    expect(told(members)).toEqual(['user 1 "A"', 'user 2 gone', 'repository 3 "R"']);
    expect([ledger.waiting(), ledger.pendingCount()]).toEqual([null, 3]);
    ledger.enqueue(members.slice(0, 1), () => Buffer.from('half'));
    ledger.enqueue(members.slice(1), () => Buffer.from('other half'));
    expect([ledger.acknowledge(2), ledger.acknowledge(3), ledger.pendingCount()]).toEqual([1, 3, 0]);
  });

  it('that waits is given up when its run fails, and nothing of it counts as acknowledged', () => {
    run(ledger, { 1: 'a', 2: 'b' }, {});
    collected({ 1: 'A' });
    enqueue(ledger);
    ledger.finish('failed', AT);
    // It may have arrived all the same: so the old form is sent as well, and the tombstone is taken back.
    expect(run(ledger, { 1: 'a', 2: 'b' }, {})).toEqual(['user 1 "a"', 'user 2 "b"']);
    expect(run(ledger, { 1: 'a', 2: 'b' }, {})).toEqual([]);
  });
});

describe('a parked batch', () => {
  it('is kept with its answer, and its members rest for the run', () => {
    collected({ 1: 'a', 2: 'b' });
    ledger.park(enqueue(ledger, 1).sequence, 422, 'x'.repeat(600));
    expect(told(ledger.pending(5))).toEqual(['user 2 "b"']);
    ledger.acknowledge(enqueue(ledger).sequence);
    expect(() => ledger.finish('complete', AT)).toThrow('parked');
    const { runId, sent } = ledger.finish('parked', AT);
    expect(sent).toBe(1);
    expect(ledger.parked()).toEqual([{ runId, sequence: 1, size: 1, status: 422, text: 'x'.repeat(500) }]);
    expect(ledger.snapshotDue).toBe('new');
  });

  it('is superseded by the next run that looks at its members, and they are sent again', () => {
    run(ledger, {}, { 5: 'old' });
    collected({ 1: 'a' }, { 5: 'r' });
    ledger.park(enqueue(ledger).sequence, 400, 'no');
    ledger.finish('parked', AT);

    expect(run(ledger, { 1: 'a' }, {}, { scope: ONLY_USERS })).toEqual(['user 1 "a"']);
    expect(ledger.parked()).toMatchObject([{ size: 1, status: 400 }]);
    expect(run(ledger, {}, { 5: 'r' }, { scope: ONLY_REPOSITORIES })).toEqual(['repository 5 "r"']);
    expect(ledger.parked()).toEqual([]);
  });

  it('stays until a run has read its members, also when that one fails', () => {
    collected({ 1: 'a' });
    ledger.park(enqueue(ledger).sequence, 400, 'no');
    ledger.finish('parked', AT);
    read(ledger, { 1: 'a' }, {});
    expect(ledger.parked()).toHaveLength(1);
    ledger.finish('failed', AT);
    expect(ledger.parked()).toHaveLength(1);
    expect(run(ledger, { 1: 'a' }, {})).toEqual(['user 1 "a"']);
    expect(ledger.parked()).toEqual([]);
  });

  it('of tombstones is told again', () => {
    run(ledger, { 1: 'a' }, {});
    collected({});
    ledger.park(enqueue(ledger).sequence, 400, 'no');
    ledger.finish('parked', AT);
    expect(run(ledger, {}, {})).toEqual(['user 1 gone']);
    expect(run(ledger, {}, {})).toEqual([]);
  });

  it('goes on alone: what was refused comes last, in ever smaller batches, until it is taken or changes', () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [index + 1, 'x']));
    const sizes = () => {
      const found: number[] = [];
      for (let size = ledger.pending(500).length; size > 0; size = ledger.pending(500).length) {
        found.push(size);
        ledger.park(enqueue(ledger).sequence, 400, 'no');
      }
      ledger.finish('parked', AT);
      return found;
    };
    collected(many, { 7: 'r' });
    expect(sizes()).toEqual([41]);
    collected(many, { 7: 'r' });
    expect(sizes()).toEqual([32, 9]);
    collected({ ...many, 41: 'new', 9: 'changed' }, { 7: 'r' });
    expect(told(ledger.pending(500))).toEqual(['user 9 "changed"', 'user 41 "new"']);
    expect(sizes()).toEqual([2, ...Array.from({ length: 20 }, () => 2)]);
    collected({ ...many, 9: 'changed' }, {});
    expect(told(ledger.pending(500))).toEqual(['user 41 gone', 'repository 7 gone']);
    ledger.acknowledge(enqueue(ledger).sequence);
    expect(told(ledger.pending(500))).toEqual(['user 9 "changed"']);
    ledger.acknowledge(enqueue(ledger).sequence);
    expect(ledger.pending(500)).toHaveLength(1);
    expect(ledger.pendingCount()).toBe(39);
  });

  it('outlives the process', () => {
    collected({ 1: 'a', 2: 'b' });
    ledger.park(enqueue(ledger, 1).sequence, 400, 'no');
    ledger.close();
    ledger = state.open();
    expect(ledger.parked()).toMatchObject([{ sequence: 1 }]);
    expect(deliver(ledger)).toEqual(['user 2 "b"']);
    ledger.finish('parked', AT);
  });
});
