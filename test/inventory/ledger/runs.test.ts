import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../../src/inventory/ledger/ledger.ts';
import { openLedgerReader } from '../../../src/inventory/ledger/open-ledger.ts';
import { folderOfEachTest } from './each-test.ts';
import * as stage from './stage.ts';
import {
  AT,
  BOTH,
  deliver,
  enqueue,
  entries,
  ONLY_REPOSITORIES,
  ONLY_USERS,
  read,
  run,
  SEEN,
  told,
} from './stage.ts';

const state = folderOfEachTest();
let ledger: Ledger;

beforeEach(() => {
  ledger = state.open();
});

describe('a run', () => {
  it('sends what is new or changed, and a tombstone for what is gone', () => {
    expect(run(ledger, { 1: 'a', 2: 'b' }, { 1: 'r' })).toEqual([
      'user 1 "a"',
      'user 2 "b"',
      'repository 1 "r"',
    ]);
    expect(run(ledger, { 1: 'a', 2: 'b' }, { 1: 'r' })).toEqual([]);
    expect(run(ledger, { 1: 'a', 2: 'B', 3: 'c' }, {})).toEqual([
      'user 2 "B"',
      'user 3 "c"',
      'repository 1 gone',
    ]);
    expect(run(ledger, { 1: 'a', 2: 'B', 3: 'c' }, {})).toEqual([]);
    expect(run(ledger, { 3: 'c' }, { 1: 'r' })).toEqual(['user 1 gone', 'user 2 gone', 'repository 1 "r"']);
  });

  it('leaves what it saw and could not take as it was', () => {
    run(ledger, { 1: 'a', 2: 'b', 3: 'c' }, { 1: 'r' });
    read(ledger, { 1: 'A' }, {});
    ledger.keep('user', [2, 77]);
    ledger.keep('repository', []);
    ledger.collected(SEEN);
    expect(deliver(ledger)).toEqual(['user 1 "A"', 'user 3 gone', 'repository 1 gone']);
    ledger.finish('complete', AT);
    expect(run(ledger, { 1: 'A', 2: 'b' }, {})).toEqual([]);
  });

  it('takes nothing for gone where it saw some whose id it could not read', () => {
    run(ledger, { 1: 'a', 2: 'b', 3: 'c' }, { 1: 'r' });
    run(ledger, { 1: 'a', 2: 'b' }, { 1: 'r' }, { scope: ONLY_USERS });
    read(ledger, { 1: 'A' }, {});
    expect(ledger.keep('user', 'all')).toBe(1);
    expect(ledger.keep('user', 'all')).toBe(0);
    ledger.collected(SEEN);
    expect(deliver(ledger)).toEqual(['user 1 "A"', 'repository 1 gone']);
  });

  it('counts what it kept once, and only what has a record', () => {
    run(ledger, { 1: 'a', 2: 'b', 3: 'c' }, {});
    read(ledger, { 1: 'a' }, {});
    expect(ledger.keep('user', [1, 2, 77])).toBe(1);
    expect(ledger.keep('user', [2])).toBe(0);
    ledger.finish('failed', AT);
    ledger.close();
    ledger = state.open({ privacy: 'settings-2' });
    read(ledger, { 1: 'a' }, {});
    expect(ledger.keep('user', 'all')).toBe(0);
    ledger.collected(SEEN);
    expect(deliver(ledger)).toEqual(['user 1 "a"']);
  });

  it('counts what it changed against the last one that read everything', () => {
    const changes = (users: stage.World, repositories: stage.World) => {
      read(ledger, users, repositories);
      const { changes } = ledger.collected(SEEN);
      deliver(ledger);
      ledger.finish('complete', AT);
      return changes;
    };
    expect(changes({ 1: 'a', 2: 'b' }, { 1: 'r' })).toEqual({ added: 3, changed: 0, deleted: 0 });
    read(ledger, { 1: 'A', 4: 'gone again' }, {});
    ledger.finish('failed', AT);
    expect(changes({ 1: 'A', 3: 'c' }, { 1: 'r' })).toEqual({ added: 1, changed: 1, deleted: 1 });
    expect(changes({ 1: 'A', 3: 'c' }, { 1: 'r' })).toEqual({ added: 0, changed: 0, deleted: 0 });
  });

  it('takes the first of two forms that it sees, and says how many were new to it', () => {
    read(ledger, {}, {});
    expect(ledger.store('user', entries({ 1: 'a', 2: 'b' }))).toBe(2);
    expect(ledger.store('user', [...entries({ 1: 'x', 3: 'c' }), ...entries({ 3: 'y' })])).toBe(1);
    ledger.collected(SEEN);
    expect(deliver(ledger)).toEqual(['user 1 "a"', 'user 2 "b"', 'user 3 "c"']);
  });

  it('tells users from repositories, and takes every id that JavaScript can count', () => {
    const large = Number.MAX_SAFE_INTEGER;
    expect(run(ledger, { [large]: 'u' }, { [large]: 'r' })).toEqual([
      `user ${large} "u"`,
      `repository ${large} "r"`,
    ]);
    expect(run(ledger, {}, { [large]: 'r' })).toEqual([`user ${large} gone`]);
  });

  it('that fails deletes nothing and keeps what it read', () => {
    run(ledger, { 1: 'a', 2: 'b' }, {});
    read(ledger, { 1: 'A' }, {});
    const failed = ledger.finish('failed', AT, { code: 'PAGE_INVALID', message: 'page 2' });
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'PAGE_INVALID', message: 'page 2' } });
    expect(run(ledger, { 1: 'A', 2: 'b' }, {})).toEqual(['user 1 "A"']);
  });

  it('whose process ended while it collected has failed', () => {
    read(ledger, { 1: 'a' }, {});
    ledger.close();
    ledger = state.open();
    expect(ledger.unfinished()).toBeNull();
    expect(run(ledger, { 2: 'b' }, {})).toEqual(['user 2 "b"']);
    const reader = openLedgerReader(state.path, stage.IDENTITY);
    expect(reader?.runs(10).map((each) => [each.number, each.state, each.error?.code])).toEqual([
      [2, 'complete', undefined],
      [1, 'failed', 'RUN_INTERRUPTED'],
    ]);
    reader?.close();
  });

  it('whose process ended while it delivered goes on where it was', () => {
    read(ledger, { 1: 'a', 2: 'b', 3: 'c' }, {});
    ledger.collected({ ...SEEN, skippedBy: { 'user:no-id': 2 } });
    ledger.acknowledge(enqueue(ledger, 1).sequence);
    const batch = enqueue(ledger, 1);
    ledger.close();
    ledger = state.open();
    expect(ledger.unfinished()).toMatchObject({
      state: 'delivering',
      sent: 1,
      seen: { skippedBy: { 'user:no-id': 2 } },
    });
    expect(() => ledger.start({ runId: 'x', scope: BOTH, kind: 'delta', startedAt: AT })).toThrow(
      'delivering',
    );
    expect(ledger.anyAcknowledged).toBe(true);
    expect(ledger.waiting()).toEqual(batch);
    expect(ledger.acknowledge(2)).toBe(2);
    expect(told(ledger.pending(5))).toEqual(['user 3 "c"']);
    expect(enqueue(ledger).sequence).toBe(3);
  });

  it('is refused what it is not ready for', () => {
    expect(() => ledger.store('user', [])).toThrow('No run');
    read(ledger, { 1: 'a' }, {});
    expect(() => enqueue(ledger)).toThrow('not collected');
    expect(() => ledger.finish('complete', AT)).toThrow('not collected');
    ledger.collected(SEEN);
    expect(() => ledger.store('user', [])).toThrow('collected everything already');
    enqueue(ledger);
    expect(() => ledger.finish('complete', AT)).toThrow('still waits');
    expect(() => ledger.acknowledge(7)).toThrow('No batch 7');
  });

  it('is remembered until a thousand others have followed', () => {
    for (let count = 0; count < 1005; count += 1) {
      read(ledger, {}, {});
      ledger.finish('failed', AT);
    }
    const reader = openLedgerReader(state.path, stage.IDENTITY);
    const numbers = reader?.runs(2000).map(({ number }) => number) ?? [];
    expect([numbers.length, numbers[0], numbers.at(-1)]).toEqual([1000, 1005, 6]);
    expect(reader?.runs(2, 10).map(({ number }) => number)).toEqual([9, 8]);
    reader?.close();
  });
});

describe('the newest complete and the newest collected run of each part', () => {
  it('outlast a thousand others', () => {
    const rest = { scope: ONLY_REPOSITORIES };
    run(ledger, { 1: 'a' }, { 1: 'r' });
    read(ledger, { 1: 'a' }, {}, { scope: ONLY_USERS });
    ledger.collected(SEEN);
    ledger.finish('failed', AT);
    for (let count = 0; count < 1002; count += 1) run(ledger, {}, { 1: 'r' }, rest);
    const reader = openLedgerReader(state.path, stage.IDENTITY);
    const newest = (['users', 'repositories', 'enrichment'] as const).map((part) => [
      reader?.lastComplete(part)?.number,
      reader?.lastCollected(part)?.number,
    ]);
    expect(newest).toEqual([
      [1, 2],
      [1004, 1004],
      [1, 1],
    ]);
    expect(
      reader
        ?.runs(2000)
        .map(({ number }) => number)
        .slice(-3),
    ).toEqual([5, 2, 1]);
    reader?.close();
  });
});

describe('a run of one type', () => {
  it('leaves the other alone', () => {
    run(ledger, { 1: 'a' }, { 1: 'r' });
    expect(run(ledger, {}, { 9: 'not looked at' }, { scope: ONLY_USERS })).toEqual(['user 1 gone']);
    read(ledger, {}, { 2: 's' }, { scope: ONLY_REPOSITORIES });
    ledger.finish('failed', AT);
    expect(run(ledger, {}, {}, { scope: ONLY_USERS })).toEqual([]);
  });
});

describe('a snapshot', () => {
  it('sends everything, and tombstones for what was ever offered', () => {
    run(ledger, { 1: 'a', 2: 'b' }, { 1: 'r' });
    read(ledger, { 1: 'a', 2: 'b', 3: 'never offered' }, { 1: 'r' });
    ledger.finish('failed', AT);
    expect(run(ledger, { 1: 'a' }, { 1: 'r' }, { kind: 'snapshot' })).toEqual([
      'user 1 "a"',
      'user 2 gone',
      'repository 1 "r"',
    ]);
    expect(run(ledger, { 1: 'a' }, { 1: 'r' })).toEqual([]);
  });

  it('that has parked batches loses no deletion', () => {
    run(ledger, { 1: 'a', 2: 'b' }, {});
    read(ledger, { 1: 'a' }, {}, { kind: 'snapshot' });
    ledger.collected(SEEN);
    ledger.park(enqueue(ledger, 1).sequence, 400, 'no');
    expect(told(ledger.pending(5))).toEqual(['user 2 gone']);
    ledger.park(enqueue(ledger, 1).sequence, 400, 'no');
    ledger.finish('parked', AT);
    expect(run(ledger, { 1: 'a' }, {}, { scope: ONLY_USERS })).toEqual(['user 1 "a"', 'user 2 gone']);
  });

  it('stays due until one of both types is acknowledged to its end', () => {
    run(ledger, { 1: 'a' }, {});
    expect(ledger.snapshotDue).toBe('new');
    run(ledger, { 1: 'a' }, {}, { kind: 'snapshot', scope: ONLY_USERS });
    expect(ledger.snapshotDue).toBe('new');
    run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' });
    expect(ledger.snapshotDue).toBeNull();

    read(ledger, { 1: 'a' }, {}, { kind: 'snapshot' });
    expect(ledger.snapshotDue).toBe('full');
    ledger.collected(SEEN);
    expect(ledger.finish('complete', AT).state).toBe('complete');
    expect(ledger.snapshotDue).toBe('full');

    read(ledger, { 1: 'a' }, {}, { kind: 'snapshot' });
    ledger.collected(SEEN);
    ledger.park(enqueue(ledger).sequence, 400, 'no');
    ledger.finish('parked', AT);
    expect(ledger.snapshotDue).toBe('full');
    expect(run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' })).toEqual(['user 1 "a"']);
    expect(ledger.snapshotDue).toBeNull();
  });

  it('may be a delta of everything where it looks at one type only', () => {
    run(ledger, { 1: 'a', 2: 'b' }, { 1: 'r' });
    const full = { scope: ONLY_USERS, everything: true };
    expect(run(ledger, { 1: 'a' }, {}, full)).toEqual(['user 1 "a"', 'user 2 gone']);
    expect(run(ledger, { 1: 'a' }, { 1: 'r' })).toEqual([]);
  });
});
