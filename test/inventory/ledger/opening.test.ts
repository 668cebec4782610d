import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { copyLedger } from '../../../src/inventory/ledger/copy.ts';
import { openLedgerReader } from '../../../src/inventory/ledger/open-ledger.ts';
import { folderOfEachTest } from './each-test.ts';
import { AT, enqueue, entries, IDENTITY, open, read, run, SEEN, told } from './stage.ts';

const state = folderOfEachTest();

/** Everything that all files of the folder hold. */
function bytes(): string {
  return readdirSync(state.path)
    .map((name) => readFileSync(join(state.path, name), 'latin1'))
    .join('\n');
}

describe('a new ledger', () => {
  it('asks for a snapshot and is for its owner only', () => {
    const ledger = state.open();
    expect(ledger.snapshotDue).toBe('new');
    expect(ledger.unfinished()).toBeNull();
    expect(readdirSync(state.path).sort()).toEqual(['ledger.db', 'ledger.db-shm', 'ledger.db-wal']);
    for (const name of readdirSync(state.path))
      expect([name, statSync(join(state.path, name)).mode & 0o777]).toEqual([name, 0o600]);
    ledger.close();
  });

  it('is whole or not there, wherever its making was cut short', () => {
    writeFileSync(`${state.file}.new`, 'half a database');
    const ledger = state.open();
    expect(ledger.snapshotDue).toBe('new');
    ledger.close();
    expect(readdirSync(state.path)).toEqual(['ledger.db']);
  });

  it('keeps what it holds when it is opened again', () => {
    state.fill();
    const ledger = state.open();
    expect(ledger.snapshotDue).toBeNull();
    read(ledger, { 1: 'a' }, {});
    expect(ledger.recordOf(1)).toBeNull();
    expect(ledger.store('user', entries({ 1: 'a', 2: 'b' }))).toBe(1);
    ledger.close();
  });
});

describe('a ledger of other settings', () => {
  it('of another Bitbucket is forgotten', () => {
    state.fill();
    const ledger = state.open({ baseUrl: 'https://other.example' });
    expect(ledger.snapshotDue).toBe('other-bitbucket');
    expect(run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' })).toEqual(['user 1 "a"']);
    ledger.close();
    expect(readdirSync(state.path)).toEqual(['ledger.db']);
  });

  it('of other privacy settings leaves no record behind, and everything is sent in its new form', () => {
    const ledger = state.open();
    run(ledger, { 1: 'ada@example' }, { 7: 'kept', 8: 'PROJECT' }, { kind: 'snapshot' });
    read(ledger, { 1: 'ada@example', 2: 'bob@example' }, { 7: 'kept', 8: 'PROJECT', 9: 'PROJECT' });
    ledger.enrich(8, { labels: ['PROJECT'] }, AT, '"PROJECT 8"');
    ledger.collected(SEEN);
    ledger.park(enqueue(ledger, 1).sequence, 400, 'I do not like bob@example');
    enqueue(ledger, 1);
    copyFileSync(state.file, join(state.path, 'ledger.corrupt-2020.db'));
    expect(bytes()).toMatch(/ada@example.*PROJECT/s);
    // Not closed: as if its process had been killed.

    const reopened = state.open({ privacy: 'settings-2' });
    expect(bytes()).not.toMatch(/@example|PROJECT|kept/);
    expect(reopened.snapshotDue).toBeNull();
    expect(reopened.unfinished()).toBeNull();
    expect(reopened.parked()).toEqual([]);
    expect(reopened.enrichments([8])).toEqual(new Map());
    expect(openLedgerReader(state.path, IDENTITY)).toBeNull();

    read(reopened, { 1: 'ada' }, { 7: 'kept' });
    const run3 = reopened.collected(SEEN);
    expect(run3.number).toBe(3);
    // User 2 was offered, repository 9 was not.
    expect(told(reopened.pending(10))).toEqual([
      'user 1 "ada"',
      'user 2 gone',
      'repository 7 "kept"',
      'repository 8 gone',
    ]);
    reopened.close();
    ledger.close();
  });
});

describe('a log without its ledger', () => {
  it('is not played into the new one', () => {
    const before = state.open();
    run(before, { 1: 'ada@example' }, {}, { kind: 'snapshot' });
    read(before, { 1: 'ada@example' }, {});
    before.collected(SEEN);
    // Not closed: as if its process had been killed.
    rmSync(state.file);
    expect(readdirSync(state.path)).toContain('ledger.db-wal');
    const ledger = state.open();
    expect(ledger.snapshotDue).toBe('new');
    expect(ledger.unfinished()).toBeNull();
    expect(bytes()).not.toContain('ada@example');
    expect(run(ledger, { 2: 'b' }, {}, { kind: 'snapshot' })).toEqual(['user 2 "b"']);
    ledger.close();
    before.close();
  });
});

describe('a copy', () => {
  it('is a ledger of its own', () => {
    state.fill();
    const ledger = state.open();
    const path = join(state.path, 'copy');
    mkdirSync(path);
    copyLedger(state.path, path);
    const copy = open(path);
    expect(statSync(join(path, 'ledger.db')).mode & 0o777).toBe(0o600);
    expect(run(copy, { 1: 'b' }, {}).length).toBe(401);
    copy.close();
    read(ledger, { 1: 'a' }, {});
    ledger.collected(SEEN);
    expect(ledger.pendingCount()).toBe(400);
    ledger.close();
  });
});
