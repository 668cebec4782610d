import { describe, expect, it } from '@jest/globals';
import { openLedgerReader } from '../../../src/inventory/ledger/open-ledger.ts';
import { folderOfEachTest } from './each-test.ts';
import { AT, enqueue, IDENTITY, read, run, SEEN } from './stage.ts';

const state = folderOfEachTest();

describe('a ledger for another receiver', () => {
  function halfSent(): void {
    const ledger = state.open();
    run(ledger, { 1: 'a', 2: 'b', 3: 'c' }, { 7: 'r' }, { kind: 'snapshot' });
    read(ledger, { 1: 'A', 2: 'b', 4: 'd' }, {});
    ledger.collected(SEEN);
    ledger.park(enqueue(ledger, 1).sequence, 400, 'no');
    enqueue(ledger, 1);
    ledger.close();
  }
  const inState = (name: string) => {
    const reader = openLedgerReader(state.path, IDENTITY);
    const found = reader?.runs(9).filter(({ state }) => state === name);
    reader?.close();
    return found;
  };

  it('counts nothing as sent, and a snapshot is due', () => {
    halfSent();
    const ledger = state.open({ receiver: 'receiver-2' });
    expect(ledger.snapshotDue).toBe('other-receiver');
    expect([ledger.unfinished(), ledger.parked()]).toEqual([null, []]);
    expect(inState('failed')).toMatchObject([{ number: 2, error: { code: 'RUN_INTERRUPTED' } }]);
    // No tombstone for what the new one has never heard of.
    const sent = run(ledger, { 1: 'A', 2: 'b' }, { 8: 's' }, { kind: 'snapshot' });
    expect(sent).toEqual(['user 1 "A"', 'user 2 "b"', 'repository 8 "s"']);
    expect(ledger.snapshotDue).toBeNull();
    ledger.close();
    const again = state.open({ receiver: 'receiver-2' });
    expect(again.snapshotDue).toBeNull();
    expect(run(again, { 1: 'A' }, { 8: 's' })).toEqual(['user 2 gone']);
    again.close();
  });

  it('says so, also when a full run had not come to its end', () => {
    const before = state.open();
    run(before, { 1: 'a' }, {}, { kind: 'snapshot' });
    read(before, {}, {}, { kind: 'snapshot' });
    before.close();
    const ledger = state.open({ receiver: 'receiver-2' });
    expect(ledger.snapshotDue).toBe('other-receiver');
    ledger.close();
  });

  it('is the same while nothing is sent', () => {
    halfSent();
    state.open({ receiver: null }).close();
    const ledger = state.open();
    expect(ledger.snapshotDue).toBeNull();
    expect([ledger.unfinished()?.number, ledger.waiting()?.sequence]).toEqual([2, 2]);
    ledger.close();
  });

  it('is another one when it was never told and something was sent', () => {
    const unsent = state.open({ receiver: null });
    read(unsent, { 1: 'a' }, {});
    unsent.collected(SEEN);
    unsent.finish('complete', AT);
    unsent.close();
    const ledger = state.open();
    expect(ledger.snapshotDue).toBe('new');
    run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' });
    ledger.close();
    state.sql(`DELETE FROM fact WHERE name = 'receiver'`);
    const unknown = state.open();
    expect(unknown.snapshotDue).toBe('other-receiver');
    unknown.close();
  });

  it('is noticed together with other privacy settings', () => {
    halfSent();
    const ledger = state.open({ receiver: 'receiver-2', privacy: 'settings-2' });
    expect(ledger.snapshotDue).toBe('other-receiver');
    expect(run(ledger, { 1: 'A' }, {}, { kind: 'snapshot' })).toEqual(['user 1 "A"']);
    ledger.close();
  });
});
