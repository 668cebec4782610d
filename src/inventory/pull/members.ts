import type { EntityType } from '../entity.ts';
import type { EntityIds } from '../entity-id.ts';
import type { LedgerReader, Run } from '../ledger/ledger.ts';
import type { PageQuery } from './page-query.ts';

/** A part of a list: its members as JSON texts, and the number of the last one if there are more behind it. */
export interface Members {
  readonly texts: readonly string[];
  readonly last: number | null;
}

/** Bytes of members in one answer; what is over it comes with the next page. A single larger one comes alone. */
const LARGEST_PAGE_BYTES = 4 * 1024 * 1024;
/** Records read at a time, so that no more than a few of them are read in vain. */
const CHUNK = 100;
/** Bitbucket's ids are from 1. */
const BEFORE_ALL = -1;

/** Users or repositories, in order of their Bitbucket ids. */
export function entityMembers(
  reader: LedgerReader,
  type: EntityType,
  page: PageQuery,
  entityId: EntityIds,
): Members {
  const texts: string[] = [];
  let bytes = 0;
  let last = page.after ?? BEFORE_ALL;
  while (texts.length < page.limit) {
    const count = Math.min(CHUNK, page.limit - texts.length);
    const entries = reader.entities(type, last, count);
    for (const { sourceId, record } of entries) {
      const text = `{"type":"${type}","id":"${entityId(type, sourceId)}","attributes":${record}}`;
      bytes += Buffer.byteLength(text);
      if (bytes > LARGEST_PAGE_BYTES && texts.length > 0) return { texts, last };
      texts.push(text);
      last = sourceId;
    }
    if (entries.length < count) return { texts, last: null };
  }
  return { texts, last: reader.entities(type, last, 1).length > 0 ? last : null };
}

/** Runs, newest first. */
export function runMembers(reader: LedgerReader, page: PageQuery): Members {
  const runs = reader.runs(page.limit + 1, page.after ?? undefined);
  const shown = runs.slice(0, page.limit);
  const last = runs.length > page.limit ? (shown.at(-1)?.number ?? null) : null;
  return { texts: shown.map((run) => JSON.stringify(runResource(run))), last };
}

/** Of an error only the code: its text may name a project, and a project may be named like a person. */
function runResource({ runId, scope, ...run }: Run) {
  return {
    type: 'run',
    id: runId,
    attributes: {
      kind: run.kind,
      state: run.state,
      scope: { users: scope.users, repositories: scope.repositories, enrichment: scope.enrichment },
      ...(run.partial ? { partial: true } : {}),
      started_at: run.startedAt,
      ended_at: run.endedAt,
      seen: seenOf(run),
      changes: run.changes,
      sent: run.sent,
      error_code: run.error?.code ?? null,
    },
  };
}

/** What a run saw, in the spelling of the wire. */
export const seenOf = ({ seen }: Pick<Run, 'seen'>) =>
  seen && {
    users: seen.users,
    repositories: seen.repositories,
    skipped: seen.skipped,
    skipped_by: seen.skippedBy,
    users_from: seen.usersFrom,
  };
