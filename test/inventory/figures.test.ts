import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ledgerFigures, newestRuns, RunTally } from '../../src/inventory/figures.ts';
import type { Ledger } from '../../src/inventory/ledger/ledger.ts';
import { openLedgerReader } from '../../src/inventory/ledger/open-ledger.ts';
import * as stage from './ledger/stage.ts';

const SCOPE = { users: false, repositories: true, enrichment: true };

let state: ReturnType<typeof stage.folder>;
let ledger: Ledger;
beforeEach(() => {
  state = stage.folder();
  ledger = stage.open(state.path);
});
afterEach(() => {
  ledger.close();
  state.remove();
});

/** A run that looks at one marked repository. */
function marked(number: number): void {
  const startedAt = stage.AT;
  ledger.start({ runId: `marked-${number}`, scope: SCOPE, kind: 'delta', partial: true, startedAt });
  ledger.store('repository', stage.entries({ 1: `changed-${number}` }));
  ledger.collected({ users: null, repositories: null, skipped: 0, skippedBy: {}, usersFrom: null });
  stage.deliver(ledger);
  ledger.finish('complete', stage.AT);
}

function reading<Value>(work: (reader: NonNullable<ReturnType<typeof openLedgerReader>>) => Value): Value {
  const reader = openLedgerReader(state.path, stage.IDENTITY);
  if (reader === null) throw new Error('the ledger of this test is there');
  try {
    return work(reader);
  } finally {
    reader.close();
  }
}

describe('the figures of a ledger', () => {
  it('are of the newest whole run, however many runs have looked at marked repositories since', () => {
    stage.run(ledger, { 1: 'u' }, { 1: 'a', 2: 'b', 3: 'c' });
    const whole = reading(ledgerFigures);
    expect(whole.lastRun).toMatchObject({ added: 4, sent: 4 });
    for (let number = 0; number < 12; number += 1) marked(number);
    const later = reading(ledgerFigures);
    expect([later.lastRun, later.seen]).toEqual([whole.lastRun, whole.seen]);
  });
});

it('the tally of runs begins with every kind and end at 0', () => {
  const tally = new RunTally();
  expect(tally.ended.map(({ count }) => count)).toEqual(Array.from({ length: 8 }, () => 0));
  stage.run(ledger, {}, { 1: 'a' });
  const [run] = reading((reader) => reader.runs(1));
  if (run !== undefined) tally.add(run);
  const { kind, state } = run ?? {};
  expect(tally.ended.filter(({ count }) => count > 0)).toEqual([{ kind, state, count: 1 }]);
});

describe('a list of runs', () => {
  it('has whole runs and five at most of marked repositories, newest first', () => {
    for (let number = 0; number < 3; number += 1) {
      stage.run(ledger, {}, { 1: `whole-${number}` });
      for (let one = 0; one < 4; one += 1) marked(number * 10 + one);
    }
    const runs = reading((reader) => newestRuns(reader, 2));
    expect(runs.map(({ partial }) => partial === true)).toEqual([true, true, true, true, false, true, false]);
    const numbers = runs.map(({ number }) => number);
    expect(numbers).toEqual(numbers.toSorted((one, other) => other - one));
  });
});
