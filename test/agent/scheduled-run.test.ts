import { describe, expect, it } from '@jest/globals';
import { markedRun } from '../../src/agent/scheduled-run.ts';
import { AgentError } from '../../src/errors.ts';
import type { RunOutcome } from '../../src/inventory/inventory.ts';
import type { Place } from '../../src/inventory/ledger/ledger.ts';
import { Marks } from '../../src/inventory/marks.ts';
import type { RunOrder } from '../../src/inventory/run.ts';
import { silentLog } from '../../src/log.ts';

const START = 1_000_000_000;
const place = (sourceId: number): Place => ({ sourceId, projectKey: 'PLAT', slug: `r${sourceId}` });
const ids = (places: readonly Place[]) => places.map(({ sourceId }) => sourceId);

const outcome = (error: AgentError | null): RunOutcome => ({
  run: {
    ...{
      number: 1,
      runId: 'run',
      kind: 'delta',
      state: error === null ? 'complete' : 'failed',
      partial: true,
    },
    ...{ startedAt: '', endedAt: '', seen: null, changes: null, sent: 0, error: null },
    scope: { users: false, repositories: true, enrichment: true },
  },
  ...{ error, snapshot: null, parked: [], enrichmentLeft: 0, requests: 0, waitedMs: 0 },
});

/** Marks, and one run over them that ends as told. */
async function play(options: {
  marks?: readonly number[];
  known?: (id: number) => boolean;
  open?: boolean;
  run?: () => RunOutcome;
}) {
  const { known = () => true, open = true, run = () => outcome(null) } = options;
  const marks = new Marks({ now: () => START });
  for (const id of options.marks ?? [1, 2]) marks.add(place(id));
  const orders: RunOrder[] = [];
  const inventory = {
    known: (places: readonly Place[]) => places.filter(({ sourceId }) => known(sourceId)),
    run: async (order: RunOrder) => {
      orders.push(order);
      return run();
    },
  };
  await markedRun(marks, inventory, { open }, 'tunnel', silentLog)(new AbortController().signal);
  const dueIn = ((marks.dueAt() ?? Number.NaN) - START) / 1000;
  const stillTaken = marks.add(place(99));
  return { orders, dueIn, stillTaken, left: ids(marks.take()).filter((id) => id !== 99) };
}

const fails = (code: ConstructorParameters<typeof AgentError>[0]) => () => {
  throw new AgentError(code, 'no');
};

describe('a run over marked repositories', () => {
  it('is over those that the ledger knows', async () => {
    const { orders, left } = await play({ marks: [1, 2, 3], known: (id) => id !== 2 });
    expect(orders).toMatchObject([{ full: false, marked: [place(1), place(3)] }]);
    expect(left).toEqual([]);
  });

  it('does not take place when it knows none', async () => {
    expect(await play({ known: () => false })).toMatchObject({ orders: [], left: [] });
  });

  it('is over a hundred, and the others wait for the next', async () => {
    const marks = Array.from({ length: 250 }, (_, index) => index + 1);
    const { orders, left, dueIn } = await play({ marks });
    expect(ids(orders[0]?.marked ?? [])).toEqual(marks.slice(0, 100));
    expect(left).toEqual(marks.slice(100));
    expect(dueIn).toBe(60);
  });

  it('waits for the tunnel by which it would be delivered', async () => {
    expect(await play({ open: false })).toMatchObject({ orders: [], left: [1, 2], dueIn: 300 });
  });

  it.each([
    ['fails', () => outcome(new AgentError('BITBUCKET_BUSY', 'busy'))],
    ['finds the state folder in use', fails('STATE_LOCKED')],
  ])('is tried again later when it %s', async (_what, run) => {
    expect(await play({ run })).toMatchObject({ left: [1, 2], dueIn: 300, stillTaken: true });
  });

  it('is tried again later, and puts no other run off, when the ledger cannot be read', async () => {
    expect(await play({ known: fails('STATE_UNUSABLE') })).toMatchObject({ left: [1, 2], dueIn: 300 });
  });

  it('is not tried again when everything is to be read anyway', async () => {
    expect(await play({ run: fails('NOT_COLLECTED') })).toMatchObject({ left: [], stillTaken: true });
  });

  it('is the last one when the accept list has no rule for it', async () => {
    expect(await play({ run: fails('RULE_MISSING') })).toMatchObject({ left: [], stillTaken: false });
  });
});
