import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { LedgerIdentity } from '../../../src/inventory/ledger/facts.ts';
import { openLedger } from '../../../src/inventory/ledger/open-ledger.ts';
import { folderOfEachTest } from './each-test.ts';
import { IDENTITY, open, run } from './stage.ts';

const state = folderOfEachTest();

describe('a damaged ledger', () => {
  const damages: [string, () => void][] = [
    ['of another version', () => state.sql('PRAGMA user_version = 99')],
    ['with pages overwritten', () => overwritePages()],
  ];
  const hopeless: typeof damages = [
    ['garbage', () => writeFileSync(state.file, 'no database at all '.repeat(1000))],
    ['cut to nothing', () => truncateSync(state.file, 0)],
    ['cut in the middle of a page', () => truncateSync(state.file, 5000)],
    ['cut at a page', () => truncateSync(state.file, statSync(state.file).size - 4 * 4096)],
    ['another program’s', () => writeOther()],
    ['without a table', () => state.sql('DROP TABLE fact')],
    ['with other privacy settings', () => tell('privacy', 'settings-0')],
    ['of another Bitbucket', () => tell('base_url', 'https://other.example')],
  ];

  function tell(name: string, value: string): void {
    state.sql(`UPDATE fact SET value = '${value}' WHERE name = '${name}'; PRAGMA user_version = 99`);
  }

  function writeOther(): void {
    rmSync(state.file);
    state.sql('CREATE TABLE other (a)');
  }

  function overwritePages(): void {
    const content = readFileSync(state.file);
    content.fill(0xa5, 4096 * 20, 4096 * 40);
    writeFileSync(state.file, content);
  }

  it.each(damages)('that is %s is set aside, and a snapshot is due', (_, damage) => {
    state.fill();
    damage();
    const ledger = state.open();
    expect(ledger.snapshotDue).toBe('corrupt');
    expect(run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' })).toEqual(['user 1 "a"']);
    expect(ledger.snapshotDue).toBeNull();
    ledger.close();
    expect(readdirSync(state.path).sort()).toEqual([
      expect.stringMatching(/^ledger\.corrupt-[0-9a-f]{12}-2026-05-04T03-02-01\.000Z\.db$/),
      'ledger.db',
    ]);
  });

  it.each(hopeless)('that is %s is not kept: it may hold what is left out now', (_, damage) => {
    state.fill();
    damage();
    const ledger = state.open();
    expect(ledger.snapshotDue).toBe('corrupt-removed');
    expect(run(ledger, { 1: 'a' }, {}, { kind: 'snapshot' })).toEqual(['user 1 "a"']);
    ledger.close();
    expect(readdirSync(state.path)).toEqual(['ledger.db']);
  });

  it('whose log could not be written back is not kept', () => {
    state.fill();
    state.sql('PRAGMA user_version = 99');
    const half = readFileSync(state.file);
    writeFileSync(state.file, half.subarray(0, 50));
    writeFileSync(`${state.file}-wal`, half);
    state.open().close();
    expect(readdirSync(state.path)).toEqual(['ledger.db']);
  });

  const setAsideAt = (time: number, identity: Partial<LedgerIdentity> = {}) => {
    state.sql('PRAGMA user_version = 99');
    openLedger(state.path, { ...IDENTITY, ...identity }, { now: () => time * 1000 }).close();
  };

  it('is kept twice at most', () => {
    state.fill();
    for (let time = 0; time < 4; time += 1) setAsideAt(time);
    expect(readdirSync(state.path).sort()).toEqual([
      expect.stringMatching(/^ledger\.corrupt-[0-9a-f]{12}-1970-01-01T00-00-02\.000Z\.db$/),
      expect.stringMatching(/^ledger\.corrupt-[0-9a-f]{12}-1970-01-01T00-00-03\.000Z\.db$/),
      'ledger.db',
    ]);
  });

  it.each([
    ['privacy settings', { privacy: 'settings-2' }],
    ['Bitbucket', { baseUrl: 'https://other.example' }],
  ])('does not outlive a change of the %s, whatever becomes of the ledger', (_, identity) => {
    const kept = () => readdirSync(state.path).filter((name) => name.includes('corrupt'));
    state.fill();
    setAsideAt(1);
    expect(kept()).toHaveLength(1);
    state.open(identity).close();
    expect(kept()).toEqual([]);
    state.open().close();
    setAsideAt(2);
    setAsideAt(3, identity);
    expect(kept()).toEqual([]);
    state.open().close();
    setAsideAt(4);
    rmSync(state.file);
    state.open(identity).close();
    expect(kept()).toEqual([]);
  });

  it('that was being set aside when its process ended is not kept', () => {
    writeFileSync(join(state.path, 'ledger.corrupt-unchecked.db'), 'not checked');
    state.open().close();
    expect(readdirSync(state.path)).toEqual(['ledger.db']);
  });

  it('is not taken for one when the folder cannot be used', () => {
    writeFileSync(join(state.path, 'file'), '');
    expect(() => open(join(state.path, 'file'))).toThrow(expect.objectContaining({ code: 'STATE_UNUSABLE' }));
  });
});
