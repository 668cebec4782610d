import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Changes, Ledger, Seen } from '../../../src/inventory/ledger/ledger.ts';
import { openLedgerReader } from '../../../src/inventory/ledger/open-ledger.ts';
import { folderOfEachTest } from './each-test.ts';
import * as stage from './stage.ts';
import { AT, deliver, enqueue, entries, IDENTITY, run, SEEN, told, type World } from './stage.ts';

const NOTHING: Seen = { users: null, repositories: null, skipped: 0, skippedBy: {}, usersFrom: null };
const SCOPE = { users: false, repositories: true, enrichment: true };

const state = folderOfEachTest();
let ledger: Ledger;
let runs = 0;

beforeEach(() => {
  ledger = state.open();
});

/** A partial run up to where all is collected. */
function look(repositories: World): Changes | null {
  runs += 1;
  ledger.start({ runId: `partial-${runs}`, scope: SCOPE, kind: 'delta', partial: true, startedAt: AT });
  ledger.store('repository', entries(repositories));
  return ledger.collected(NOTHING).changes;
}

/** A whole partial run. @returns what went out */
function lookAt(repositories: World): string[] {
  look(repositories);
  const sent = deliver(ledger);
  ledger.finish('complete', AT);
  return sent;
}

describe('a partial run', () => {
  it('sends what has changed of what it saw, and takes nothing for gone', () => {
    run(ledger, { 1: 'u' }, { 1: 'a', 2: 'b', 3: 'c' });
    expect(lookAt({ 2: 'B' })).toEqual(['repository 2 "B"']);
    expect(lookAt({ 2: 'B' })).toEqual([]);
    expect(lookAt({})).toEqual([]);
    expect(run(ledger, { 1: 'u' }, { 1: 'a', 2: 'B', 3: 'c' })).toEqual([]);
  });

  it('leaves it to whole runs to find what is gone', () => {
    run(ledger, {}, { 1: 'a', 2: 'b', 3: 'c' });
    lookAt({ 2: 'B' });
    expect(run(ledger, {}, { 2: 'B' })).toEqual(['repository 1 gone', 'repository 3 gone']);
  });

  it('keeps the enrichment of those that it did not see', () => {
    run(ledger, {}, { 1: 'a', 2: 'b' });
    stage.read(ledger, {}, { 1: 'a', 2: 'b' }, { scope: SCOPE });
    for (const id of [1, 2]) ledger.enrich(id, { default_branch_name: `main-${id}` }, AT, `"enriched-${id}"`);
    ledger.collected(SEEN);
    deliver(ledger);
    ledger.finish('complete', AT);
    lookAt({ 2: 'B' });
    expect([...ledger.enrichments([1, 2]).values()]).toEqual([
      { default_branch_name: 'main-1' },
      { default_branch_name: 'main-2' },
    ]);
  });

  it('counts what it changed, and the next whole run only what it did not', () => {
    run(ledger, {}, { 1: 'a', 2: 'b' });
    expect(look({ 1: 'A' })).toEqual({ added: 0, changed: 1, deleted: 0 });
    deliver(ledger);
    ledger.finish('complete', AT);
    stage.read(ledger, {}, { 1: 'A', 2: 'B' });
    expect(ledger.collected(SEEN).changes).toEqual({ added: 0, changed: 1, deleted: 0 });
  });

  it('is no run that has read a part, for schedule and lists', () => {
    run(ledger, {}, { 1: 'a' });
    lookAt({ 1: 'A' });
    const reader = openLedgerReader(state.path, IDENTITY);
    const [newest, whole] = reader?.runs(10) ?? [];
    expect(newest).toMatchObject({ partial: true, scope: SCOPE, state: 'complete', seen: NOTHING });
    expect(whole).not.toHaveProperty('partial');
    for (const part of ['repositories', 'enrichment'] as const) {
      expect(reader?.lastComplete(part)?.number).toBe(whole?.number);
      expect(reader?.lastCollected(part)?.number).toBe(whole?.number);
    }
    reader?.close();
  });

  it('leaves parked what was parked', () => {
    stage.read(ledger, {}, { 1: 'a', 2: 'b' });
    ledger.collected(SEEN);
    ledger.park(enqueue(ledger, 1).sequence, 422, 'no');
    ledger.acknowledge(enqueue(ledger).sequence);
    ledger.finish('parked', AT);
    expect(lookAt({ 1: 'A', 2: 'B' })).toEqual(['repository 2 "B"']);
    expect(ledger.parked()).toHaveLength(1);
    expect(run(ledger, {}, { 1: 'A', 2: 'B' })).toEqual(['repository 1 "A"']);
    expect(ledger.parked()).toEqual([]);
  });

  it('is gone on with when the process ended while it delivered', () => {
    run(ledger, {}, { 1: 'a', 2: 'b' });
    look({ 2: 'B' });
    const batch = enqueue(ledger);
    ledger.close();
    ledger = state.open();
    expect(ledger.unfinished()).toMatchObject({ partial: true, scope: SCOPE });
    expect(ledger.waiting()?.body.equals(batch.body)).toBe(true);
    ledger.acknowledge(batch.sequence);
    expect(deliver(ledger)).toEqual([]);
    ledger.finish('complete', AT);
    expect(run(ledger, {}, { 1: 'a', 2: 'B' })).toEqual([]);
  });

  it('deletes nothing when it dies while it reads', () => {
    run(ledger, {}, { 1: 'a', 2: 'b' });
    ledger.start({ runId: 'dead', scope: SCOPE, kind: 'delta', partial: true, startedAt: AT });
    ledger.store('repository', entries({ 2: 'B' }));
    ledger.close();
    ledger = state.open();
    expect(ledger.unfinished()).toBeNull();
    look({});
    expect(told(ledger.pending(10))).toEqual(['repository 2 "B"']);
  });

  it('crowds no whole run out of the history', () => {
    run(ledger, {}, { 1: 'a' });
    for (let times = 0; times < 70; times += 1) lookAt({ 1: `a${times}` });
    const reader = openLedgerReader(state.path, IDENTITY);
    const kept = reader?.runs(1000) ?? [];
    expect(kept.filter(({ partial }) => partial)).toHaveLength(50);
    expect(kept.filter(({ partial }) => !partial)).toHaveLength(1);
    reader?.close();
  });
});
