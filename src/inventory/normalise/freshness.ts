import type { Freshness } from '../entity.ts';
import { daysIn } from './time.ts';

/**
 * How fresh a repository is by its last commit: up to 3 calendar months old (UTC) `active`, up to 6 `inactive`,
 * older `dormant`. Where the month has no such day its last one counts. A commit from the future is `active`.
 */
export function freshness(lastCommitAt: string | null, nowMs: number): Freshness {
  const at = lastCommitAt === null ? Number.NaN : Date.parse(lastCommitAt);
  if (Number.isNaN(at)) return 'n/a';
  if (at >= monthsBefore(nowMs, 3)) return 'active';
  return at >= monthsBefore(nowMs, 6) ? 'inactive' : 'dormant';
}

function monthsBefore(nowMs: number, months: number): number {
  const then = new Date(nowMs);
  const day = then.getUTCDate();
  then.setUTCDate(1);
  then.setUTCMonth(then.getUTCMonth() - months);
  then.setUTCDate(Math.min(day, daysIn(then.getUTCFullYear(), then.getUTCMonth() + 1)));
  return then.getTime();
}
