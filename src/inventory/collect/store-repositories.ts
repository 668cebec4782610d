import type { Ledger, Place } from '../ledger/ledger.ts';
import { enriched } from '../normalise/enriched.ts';
import type { NormalisedRepository } from '../normalise/repository.ts';
import type { Privacy } from '../privacy.ts';

export interface StoreOptions {
  readonly ledger: Pick<Ledger, 'store' | 'enrichments'>;
  readonly privacy: Pick<Privacy, 'repository'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * Stores repositories with the enrichment that is kept of earlier runs, so that nothing comes and goes between two of
 * them. @returns how many were new to the run
 */
export function storeRepositories(
  { ledger, privacy, now }: StoreOptions,
  taken: readonly NormalisedRepository[],
): number {
  const kept = ledger.enrichments(taken.map(({ sourceId }) => sourceId));
  const at = now();
  const entries = taken.map(({ sourceId, attributes: bare, parentKey }) => {
    const attributes = enriched(bare, kept.get(sourceId) ?? null, at);
    return { sourceId, record: JSON.stringify(privacy.repository({ attributes, parentKey })) };
  });
  return ledger.store('repository', entries);
}

/** Where a repository is, for its enrichment. */
export const placeOf = ({ sourceId, projectKey, slug }: NormalisedRepository): Place => ({
  sourceId,
  projectKey,
  slug,
});
