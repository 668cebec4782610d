import { AgentError } from '../errors.ts';
import { collect } from './collect/collect.ts';
import type { OwnCalls } from './collect/own-calls.ts';
import { planOf } from './collect/plan.ts';
import type { EntityType, Resource } from './entity.ts';
import type { EntityIds } from './entity-id.ts';
import type { Entry, LedgerReader } from './ledger/ledger.ts';
import type { Normaliser } from './normalise/normaliser.ts';
import type { Privacy } from './privacy.ts';

export interface PreviewOptions {
  readonly type: EntityType;
  /** How many at most, from 1. */
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly calls: OwnCalls;
  readonly normaliser: Normaliser;
  readonly privacy: Privacy;
  readonly ids: EntityIds;
  readonly concurrency: number;
  readonly now: () => number;
  /** Where the enrichment of earlier runs is, if there is any. */
  readonly kept: LedgerReader | null;
}

/** Collects as a run does, until there is enough; nothing is stored. @throws AgentError as a run does */
export async function preview(options: PreviewOptions): Promise<readonly Resource<unknown>[]> {
  const { type, limit, signal, calls, privacy, ids, kept } = options;
  const scope = { users: type === 'user', repositories: type === 'repository', enrichment: false };
  const plan = planOf(scope, privacy, calls);
  const enough = new AbortController();
  const found: Resource<unknown>[] = [];
  const take = ({ sourceId, record }: Entry) => {
    if (found.length < limit) found.push({ type, id: ids(type, sourceId), attributes: JSON.parse(record) });
  };
  const ledger = {
    store(_type: EntityType, entries: readonly Entry[]) {
      entries.forEach(take);
      if (found.length >= limit) enough.abort();
      return entries.length;
    },
    keep: () => 0,
    unseen: () => 0,
    enrichments: (sourceIds: readonly number[]) => kept?.enrichments(sourceIds) ?? new Map(),
    rememberPlaces() {},
  };
  try {
    await collect({ ...options, scope, plan, ledger, signal: AbortSignal.any([signal, enough.signal]) });
  } catch (error) {
    if (!enough.signal.aborted || !(error instanceof AgentError)) throw error;
  }
  return found;
}
