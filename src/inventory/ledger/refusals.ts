import type { EntityTable } from './entity-table.ts';
import type { Pending } from './ledger.ts';

/** When more than so many were refused it is not about single ones: then batches stay whole. */
const MOST_SINGLED_OUT = 2_000;
/** By the number of refusals; after the last one each entity goes alone. */
const MOST_TOGETHER = [Number.POSITIVE_INFINITY, 32, 2];

/**
 * The entities for one batch, `count` at most. Those that were never refused come first; the others keep to their equals,
 * the fewer the more often they were refused, so that one that the receiver does not take holds back ever fewer others.
 */
export function nextTogether(tables: readonly EntityTable[], count: number): Pending[] {
  const refused = Math.min(...tables.map((table) => table.leastRefused() ?? Number.POSITIVE_INFINITY));
  if (refused === Number.POSITIVE_INFINITY) return [];
  const refusals = tables.reduce((sum, table) => sum + table.refusedCount(MOST_SINGLED_OUT + 1), 0);
  const most = refusals > MOST_SINGLED_OUT ? count : Math.min(count, MOST_TOGETHER[refused] ?? 1);
  const found: Pending[] = [];
  for (const table of tables)
    if (found.length < most) found.push(...table.pending(refused, most - found.length));
  return found;
}
