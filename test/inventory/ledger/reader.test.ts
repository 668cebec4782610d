import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { LedgerReader } from '../../../src/inventory/ledger/ledger.ts';
import { openLedgerReader } from '../../../src/inventory/ledger/open-ledger.ts';
import { atTheEnd } from '../../kit/endings.ts';
import { folderOfEachTest } from './each-test.ts';
import { AT, enqueue, IDENTITY, ONLY_USERS, read, run, SEEN } from './stage.ts';

const state = folderOfEachTest();

const ledgerOf = (privacy = IDENTITY.privacy) => state.open({ privacy });

function readerOf(privacy = IDENTITY.privacy): LedgerReader {
  const reader = openLedgerReader(state.path, { ...IDENTITY, privacy });
  if (reader === null) throw new Error('no reader');
  atTheEnd(() => reader.close());
  return reader;
}

describe('a reader', () => {
  it('is not there without a ledger that it may read', () => {
    expect(openLedgerReader(state.path, IDENTITY)).toBeNull();
    expect(openLedgerReader(join(state.path, 'nowhere'), IDENTITY)).toBeNull();
    ledgerOf().close();
    expect(openLedgerReader(state.path, { ...IDENTITY, baseUrl: 'https://other.example' })).toBeNull();
    expect(openLedgerReader(state.path, { ...IDENTITY, privacy: 'other' })).toBeNull();
    writeFileSync(join(state.path, 'ledger.db'), 'garbage '.repeat(2000));
    expect(openLedgerReader(state.path, IDENTITY)).toBeNull();
  });

  it('gives entities in order of their id, page by page', () => {
    const ledger = ledgerOf();
    run(ledger, { 10: 'j', 2: 'b', 3: 'c' }, { 7: 'r' });
    const reader = readerOf();
    expect(reader.entities('user', 0, 2)).toEqual([
      { sourceId: 2, record: '"b"' },
      { sourceId: 3, record: '"c"' },
    ]);
    expect(reader.entities('user', 3, 2)).toEqual([{ sourceId: 10, record: '"j"' }]);
    expect(reader.entities('user', 10, 2)).toEqual([]);
    expect(reader.entities('repository', 0, 9)).toEqual([{ sourceId: 7, record: '"r"' }]);
    run(ledger, {}, { 7: 'r' });
    expect(reader.entities('user', 0, 9)).toEqual([]);
  });

  it('sees what a writer has written, also while it goes on', () => {
    const ledger = ledgerOf();
    const readers = [readerOf(), readerOf()];
    read(ledger, { 1: 'a' }, { 2: 'r' });
    ledger.enrich(2, { default_branch_name: 'main' }, AT, '"r"');
    for (const reader of readers) expect(reader.runs(5)).toMatchObject([{ number: 1, state: 'collecting' }]);
    for (const reader of readers)
      expect(reader.enrichments([2]).get(2)).toEqual({ default_branch_name: 'main' });
    ledger.collected(SEEN);
    ledger.park(enqueue(ledger).sequence, 400, 'no');
    for (const reader of readers) expect(reader.parked()).toMatchObject([{ status: 400, text: 'no' }]);
  });

  it('tells what waits, what is parked, and since when', () => {
    const ledger = ledgerOf();
    const reader = readerOf();
    expect(reader.outbox()).toEqual({ waiting: 0, parked: 0, since: null });
    run(ledger, { 1: 'a' }, {});
    expect(reader.outbox()).toEqual({ waiting: 0, parked: 0, since: null });
    const later = '2026-05-05T00:00:00.000Z';
    read(ledger, { 1: 'A', 2: 'b' }, {}, { startedAt: later });
    ledger.collected(SEEN);
    expect(reader.outbox()).toEqual({ waiting: 0, parked: 0, since: Date.parse(later) });
    ledger.park(enqueue(ledger, 1).sequence, 400, 'no');
    enqueue(ledger);
    expect(reader.outbox()).toEqual({ waiting: 1, parked: 1, since: Date.parse(later) });
    ledger.acknowledge(2);
    ledger.finish('parked', later);
    expect(reader.outbox()).toEqual({ waiting: 0, parked: 1, since: Date.parse(later) });
  });

  it('finds the newest complete run of each part', () => {
    const ledger = ledgerOf();
    const reader = readerOf();
    expect(reader.lastComplete('users')).toBeNull();
    run(ledger, {}, {});
    run(ledger, {}, {}, { scope: ONLY_USERS });
    read(ledger, {}, {});
    ledger.finish('failed', AT);
    const newest = (['users', 'repositories', 'enrichment'] as const).map(
      (part) => reader.lastComplete(part)?.number,
    );
    expect(newest).toEqual([2, 1, 1]);
  });

  it('knows of no complete run after the privacy settings have changed', () => {
    const before = ledgerOf();
    run(before, { 1: 'a' }, {});
    before.close();
    const ledger = ledgerOf('settings-2');
    const reader = readerOf('settings-2');
    expect(reader.lastComplete('users')).toBeNull();
    expect(reader.entities('user', 0, 9)).toEqual([]);
    expect(reader.runs(9)).toHaveLength(1);
    run(ledger, { 1: 'a' }, {}, { scope: ONLY_USERS });
    expect([reader.lastComplete('users')?.number, reader.lastComplete('repositories')]).toEqual([2, null]);
  });

  it('is never kept waiting by a writer in another process, two of them neither', async () => {
    ledgerOf().close();
    const script = join(import.meta.dirname, 'writer.ts');
    const writer = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, state.path]);
    const readers = [readerOf(), readerOf()];
    for (let round = 0; round < 200; round += 1) {
      if (round % 50 === 0) await once(writer.stdout, 'data');
      for (const reader of readers) {
        const ids = reader.entities('user', 0, 1000).map(({ sourceId }) => sourceId);
        expect(new Set(ids).size).toBe(ids.length);
        reader.runs(10);
      }
    }
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    expect(readers[0]?.runs(1)).toHaveLength(1);
  });
});
