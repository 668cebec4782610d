import { describe, expect, it } from '@jest/globals';
import { closingTable } from '../../src/commands/closing-table.ts';
import { AgentError } from '../../src/errors.ts';
import type { RunOutcome } from '../../src/inventory/inventory.ts';
import type { Run } from '../../src/inventory/ledger/ledger.ts';

const RUN: Run = {
  number: 3,
  runId: '830e18c7-4407-4f66-a1b2-a9e4cada513a',
  scope: { users: true, repositories: true, enrichment: false },
  kind: 'delta',
  state: 'complete',
  startedAt: '2026-11-23T10:00:00.000Z',
  endedAt: '2026-11-23T10:00:02.000Z',
  seen: {
    users: 1434,
    repositories: 2582,
    skipped: 3,
    skippedBy: { 'repository:no-id': 1, 'user:no-name': 2 },
    usersFrom: '/users',
  },
  changes: { added: 5, changed: 12_345, deleted: 1 },
  sent: 12_351,
  error: null,
};

function outcomeOf(run: Partial<Run> = {}, rest: Partial<RunOutcome> = {}): RunOutcome {
  return {
    run: { ...RUN, ...run },
    error: null,
    snapshot: null,
    parked: [],
    enrichmentLeft: 0,
    requests: 29,
    waitedMs: 1_250,
    ...rest,
  };
}

const table = (run: Partial<Run> = {}, rest: Partial<RunOutcome> = {}): string[] =>
  closingTable(outcomeOf(run, rest), 1.74).split('\n');

describe('the closing table', () => {
  it('has everything that a run came to', () => {
    expect(table()).toEqual([
      'run           830e18c7-4407-4f66-a1b2-a9e4cada513a (delta)',
      'outcome       complete',
      'users         1,434 seen, from /users',
      'repositories  2,582 seen',
      'new           5',
      'changed       12,345',
      'deleted       1',
      'skipped       3 (repository:no-id 1, user:no-name 2)',
      'sent          12,351',
      'requests      29 to Bitbucket',
      "waited        1.3 s for Bitbucket's rate limit",
      'seconds       1.7',
    ]);
  });

  it('says nothing of what a run did not look at', () => {
    const seen = { ...RUN.seen, users: null, usersFrom: null, skipped: 0, skippedBy: {} } as Run['seen'];
    const lines = table({ seen });
    expect(lines).toContain('users         -');
    expect(lines).toContain('skipped       0');
  });

  it('says of a failed run that nothing was deleted', () => {
    const error = new AgentError('BITBUCKET_BUSY', 'Bitbucket is busy.');
    const lines = table({ state: 'failed', seen: null, changes: null, sent: 0 }, { error });
    expect(lines[1]).toBe('outcome       FAILED, nothing was deleted');
    expect(lines).toContain('deleted       -');
  });

  it('says of a dry run that nothing was sent, and where to look', () => {
    const lines = closingTable(outcomeOf(), 1, '/tmp/would-leave').split('\n');
    expect(lines[1]).toBe(
      'outcome       dry run: NOTHING WAS SENT; what would leave stands in /tmp/would-leave',
    );
    expect(lines).toContain('would be sent 12,351');
    const failed = closingTable(outcomeOf({ state: 'failed' }), 1, '/tmp/would-leave');
    expect(failed).toContain('FAILED, nothing was deleted');
  });

  it('shows parked batches with the answer', () => {
    const parked = [{ runId: RUN.runId, sequence: 2, size: 500, status: 422, text: 'name is too long' }];
    expect(table({ state: 'parked' }, { parked }).at(-1)).toBe(
      'parked        batch 2 (500 entities), status 422: name is too long',
    );
  });
});
