import type { Enrichment, EntityType } from '../../../src/inventory/entity.ts';
import type { Entry, LedgerReader, OutboxState, Run, Scope } from '../../../src/inventory/ledger/ledger.ts';

const SEEN = {
  users: 3,
  repositories: null,
  skipped: 1,
  skippedBy: { 'user:no-name': 1 },
  usersFrom: '/users' as const,
};

/** A run that is complete, unless it is told to be something else. */
export function runOf(number: number, changed: Partial<Run> = {}): Run {
  return {
    number,
    runId: `run-${number}`,
    scope: { users: true, repositories: true, enrichment: false },
    kind: 'delta',
    state: 'complete',
    startedAt: `2026-01-0${number}T00:00:00.000Z`,
    endedAt: `2026-01-0${number}T00:01:00.000Z`,
    seen: SEEN,
    changes: { added: 1, changed: 2, deleted: 0 },
    sent: 3,
    error: null,
    ...changed,
  };
}

/** A ledger's reader over lists in memory, which counts how it is used. */
export class Shelf implements LedgerReader {
  readonly lists: Readonly<Record<EntityType, Entry[]>> = { user: [], repository: [] };
  readonly kept: Run[] = [];
  opened = 0;
  closed = 0;
  /** The records read. */
  read = 0;

  readonly open = (): LedgerReader => {
    this.opened += 1;
    return this;
  };

  runs(count: number, before = Number.POSITIVE_INFINITY): Run[] {
    return this.kept
      .filter(({ number }) => number < before)
      .toSorted((one, other) => other.number - one.number)
      .slice(0, count);
  }

  lastComplete(part: keyof Scope): Run | null {
    return this.runs(100).find(({ state, scope }) => state === 'complete' && scope[part]) ?? null;
  }

  lastCollected(part: keyof Scope): Run | null {
    return this.runs(100).find(({ seen, scope }) => seen !== null && scope[part]) ?? null;
  }

  entities(type: EntityType, after: number, count: number): Entry[] {
    const found = this.lists[type].filter(({ sourceId }) => sourceId > after).slice(0, count);
    this.read += found.length;
    return found;
  }

  parked(): [] {
    return [];
  }

  outbox(): OutboxState {
    return { waiting: 0, parked: 0, since: null };
  }

  enrichments(): ReadonlyMap<number, Enrichment> {
    return new Map();
  }

  close(): void {
    this.closed += 1;
  }
}
