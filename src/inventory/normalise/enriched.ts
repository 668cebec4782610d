import type { Enrichment, RepositoryAttributes } from '../entity.ts';
import { freshness } from './freshness.ts';

type Enrichable = Partial<
  Pick<RepositoryAttributes, 'default_branch_name' | 'last_commit_at' | 'labels' | 'repository_freshness'>
>;
type Changes = { -readonly [Name in keyof Enrichable]: Enrichable[Name] };

/**
 * A repository's attributes with what the enrichment has read, and its freshness at this moment. Only what the
 * attributes have is set, so what the operator has left out stays out; what the enrichment does not name stays as it
 * is. The order of the keys stays too: equal values give equal bytes. Labels are sorted.
 * @param enrichment `null`: none is known, the attributes are given back as they are
 */
export function enriched<Attributes extends Enrichable>(
  attributes: Attributes,
  enrichment: Enrichment | null,
  nowMs: number,
): Attributes {
  if (enrichment === null) return attributes;
  const { default_branch_name, last_commit_at = attributes.last_commit_at ?? null, labels } = enrichment;
  const changes: Changes = {};
  if ('default_branch_name' in attributes && default_branch_name !== undefined) {
    changes.default_branch_name = default_branch_name;
  }
  if ('labels' in attributes && labels !== undefined) {
    changes.labels = labels === null ? null : [...new Set(labels)].sort();
  }
  if ('last_commit_at' in attributes) changes.last_commit_at = last_commit_at;
  if ('repository_freshness' in attributes) changes.repository_freshness = freshness(last_commit_at, nowMs);
  return { ...attributes, ...changes };
}
