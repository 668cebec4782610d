import { copyFileSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openLedger, openLedgerReader } from '../../../src/inventory/ledger/open-ledger.ts';
import { AT, enqueue, entries, folder, IDENTITY, open, read, run, SEEN, told } from './stage.ts';

let state: ReturnType<typeof folder>;
const file = () => join(state.path, 'ledger.db');

beforeEach(() => {
  state = folder();
});

afterEach(() => state.remove());

function filled(): void {
  const ledger = open(state.path);
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [index + 1, 'x'.repeat(300)]));
  run(ledger, { 1: 'a' }, many, { kind: 'snapshot' });
  ledger.close();
}

function sql(statement: string): void {
  const db = new DatabaseSync(file());
  db.exec(statement);
  db.close();
}

/** Everything that all files of the folder hold. */
function bytes(): string {
  return readdirSync(state.path)
    .map((name) => readFileSync(join(state.path, name), 'latin1'))
    .join('\n');
}

describe('a new ledger', () => {
  it('asks for a snapshot and is for its owner only', () => {
    const ledger = open(state.path);
    expect(ledger.snapshotDue).toBe('new');
    expect(ledger.unfinished()).toBeNull();
    expect(readdirSync(state.path).sort()).toEqual(['ledger.db', 'ledger.db-shm', 'ledger.db-wal']);
    for (const name of readdirSync(state.path))
      expect([name, statSync(join(state.path, name)).mode & 0o777]).toEqual([name, 0o600]);
    ledger.close();
  });

  it('is whole or not there, wherever its making was cut short', () => {
    writeFileSync(`${file()}.new`, 'half a database');
    const ledger = open(state.path);
    expect(ledger.snapshotDue).toBe('new');
    ledger.close();
    expect(readdirSync(state.path)).toEqual(['ledger.db']);
  });

  it('keeps what it holds when it is opened again', () => {
    filled();
    const ledger = open(state.path);
    expect(ledger.snapshotDue).toBeNull();
    read(ledger, { 1: 'a' }, {});
    expect(ledger.recordOf(1)).toBeNull();
    expect(ledger.store('user', entries({ 1: 'a', 2: 'b' }))).toBe(1);
    ledger.close();
  });
});

describe('a damaged ledger', () => {
  const damages: [string, () => void][] = [
    ['garbage', () => writeFileSync(file(), 'no database at all '.repeat(1000))],
    ['cut to nothing', () => truncateSync(file(), 0)],
    ['cut in the middle of a page', () => truncateSync(file(), 5000)],
    ['cut at a page', () => truncateSync(file(), statSync(file()).size - 4 * 4096)],
    ['of another version', () => sql('PRAGMA user_version = 99')],
    ['another program’s', () => sql('PRAGMA application_id = 1')],
    ['without a table', () => sql('DROP TABLE fact')],
    ['with a page overwritten', () => overwritePages()],
  ];

  function overwritePages(): void {
    const content = readFileSync(file());
    content.fill(0xa5, 4096 * 3, 4096 * 20);
    writeFileSync(file(), content);
  }

  it.each(damages)('that is %s is set aside, and a snapshot is due', (_, damage) => {
    filled();
    damage();
    const ledger = open(state.path);
    expect(ledger.snapshotDue).toBe('corrupt');
    expect(run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' })).toEqual(['user 1 "a"']);
    expect(ledger.snapshotDue).toBeNull();
    ledger.close();
    expect(readdirSync(state.path).sort()).toEqual([
      'ledger.corrupt-2026-05-04T03-02-01.000Z.db',
      'ledger.db',
    ]);
  });

  it('is kept twice at most', () => {
    for (let time = 0; time < 4; time += 1) {
      writeFileSync(file(), `garbage ${time}`);
      openLedger(state.path, IDENTITY, { now: () => time * 1000 }).close();
    }
    expect(readdirSync(state.path).sort()).toEqual([
      'ledger.corrupt-1970-01-01T00-00-02.000Z.db',
      'ledger.corrupt-1970-01-01T00-00-03.000Z.db',
      'ledger.db',
    ]);
  });

  it('is not taken for one when the folder cannot be used', () => {
    writeFileSync(join(state.path, 'file'), '');
    expect(() => open(join(state.path, 'file'))).toThrow(expect.objectContaining({ code: 'STATE_UNUSABLE' }));
  });
});

describe('a ledger of other settings', () => {
  it('of another Bitbucket is forgotten', () => {
    filled();
    const ledger = open(state.path, { baseUrl: 'https://other.example' });
    expect(ledger.snapshotDue).toBe('other-bitbucket');
    expect(run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' })).toEqual(['user 1 "a"']);
    ledger.close();
    expect(readdirSync(state.path)).toEqual(['ledger.db']);
  });

  it('of other privacy settings leaves no record behind, and everything is sent in its new form', () => {
    const ledger = open(state.path);
    run(ledger, { 1: 'ada@example' }, { 7: 'kept', 8: 'PROJECT' }, { kind: 'snapshot' });
    read(ledger, { 1: 'ada@example', 2: 'bob@example' }, { 7: 'kept', 8: 'PROJECT', 9: 'PROJECT' });
    ledger.enrich(8, { labels: ['PROJECT'] }, AT, '"PROJECT 8"');
    ledger.collected(SEEN);
    ledger.park(enqueue(ledger, 1).sequence, 400, 'I do not like bob@example');
    enqueue(ledger, 1);
    copyFileSync(file(), join(state.path, 'ledger.corrupt-2020.db'));
    expect(bytes()).toMatch(/ada@example.*PROJECT/s);
    // Not closed: as if its process had been killed.

    const reopened = open(state.path, { privacy: 'settings-2' });
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

describe('a copy', () => {
  it('is a ledger of its own', () => {
    filled();
    const ledger = open(state.path);
    const path = join(state.path, 'copy');
    ledger.copyTo(path);
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
