import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Ledger } from '../../../src/inventory/ledger/ledger.ts';
import { folderOfEachTest } from './each-test.ts';
import { AT, deliver, read, run, SEEN } from './stage.ts';

const state = folderOfEachTest();
let ledger: Ledger;

beforeEach(() => {
  ledger = state.open();
});

const place = (sourceId: number) => ({ sourceId, projectKey: `KEY${sourceId}`, slug: `slug-${sourceId}` });
const ids = (count: number) => ledger.takePlaces(count).map(({ sourceId }) => sourceId);

describe('places', () => {
  it('are given out oldest enrichment first, each once', () => {
    read(ledger, {}, { 1: 'a', 2: 'b', 3: 'c', 4: 'd' });
    ledger.enrich(1, {}, '2026-01-03T00:00:00.000Z', '"a"');
    ledger.enrich(2, {}, '2026-01-02T00:00:00.000Z', '"b"');
    ledger.rememberPlaces([1, 2, 3].map(place));
    ledger.rememberPlaces([2, 4].map(place));
    expect(ledger.placesLeft()).toBe(4);
    expect(ledger.takePlaces(1)).toEqual([place(3)]);
    expect(ids(2)).toEqual([4, 2]);
    expect(ids(9)).toEqual([1]);
    expect([ids(9), ledger.placesLeft()]).toEqual([[], 0]);
  });

  it('are gone with the process and with the run', () => {
    read(ledger, {}, { 1: 'a' });
    ledger.rememberPlaces([place(1)]);
    ledger.close();
    ledger = state.open();
    expect(ledger.placesLeft()).toBe(0);
    read(ledger, {}, { 1: 'a' });
    ledger.rememberPlaces([place(1)]);
    ledger.finish('failed', AT);
    expect(ledger.placesLeft()).toBe(0);
  });
});

describe('an enrichment', () => {
  it('is kept with the record, and both are sent', () => {
    const enrichment = { default_branch_name: 'main', last_commit_at: null, labels: ['one', 'ünë'] };
    read(ledger, {}, { 1: 'a', 2: 'b' });
    expect([ledger.recordOf(1), ledger.recordOf(9)]).toEqual(['"a"', null]);
    ledger.enrich(1, enrichment, AT, '"a on main"');
    expect(ledger.recordOf(1)).toBe('"a on main"');
    ledger.collected(SEEN);
    expect(deliver(ledger)).toEqual(['repository 1 "a on main"', 'repository 2 "b"']);
    ledger.finish('complete', AT);
    expect(ledger.enrichments([2, 1, 9])).toEqual(new Map([[1, enrichment]]));
    expect(run(ledger, {}, { 1: 'a on main', 2: 'b' })).toEqual([]);
  });

  it('of a repository that the run has not seen is not kept', () => {
    run(ledger, {}, { 1: 'a' });
    read(ledger, {}, {});
    ledger.enrich(1, { labels: [] }, AT, '"x"');
    expect([ledger.recordOf(1), ledger.enrichments([1]).size]).toEqual([null, 0]);
  });

  it('goes with its repository', () => {
    read(ledger, {}, { 1: 'a', 2: 'b' });
    for (const id of [1, 2]) ledger.enrich(id, { labels: [] }, AT, '"x"');
    ledger.finish('failed', AT);
    read(ledger, {}, { 2: 'b' });
    ledger.collected(SEEN);
    expect([...ledger.enrichments([1, 2]).keys()]).toEqual([2]);
  });
});
