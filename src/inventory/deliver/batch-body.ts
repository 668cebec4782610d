import { SCHEMA } from '../entity.ts';
import type { EntityIds } from '../entity-id.ts';
import type { Pending, RunKind } from '../ledger/ledger.ts';

/** Resources and tombstones together. */
export const MOST_MEMBERS = 500;
export const MOST_BYTES = 1024 * 1024;

/** What all batches of a run say of themselves. */
export interface BatchFrame {
  /** The integration's profile name. */
  readonly profile: string;
  readonly serviceType: string;
  readonly runId: string;
  readonly kind: RunKind;
}

/** What a run saw. A type that it did not look at is `null`. */
export interface FinalCounts {
  readonly users: number | null;
  readonly repositories: number | null;
  readonly skipped: number;
}

/** A batch that has no number yet. */
export interface BatchDraft {
  /** Those that found room, from the first on. */
  readonly members: readonly Pending[];
  body(sequence: number): Buffer;
}

/**
 * Puts as many members into one body as `mostBytes` and `MOST_MEMBERS` allow; the first one always, however large.
 * Records go out as they are stored: their text is not parsed again.
 */
export function draftBatch(
  frame: BatchFrame,
  waiting: readonly Pending[],
  ids: EntityIds,
  mostBytes: number = MOST_BYTES,
): BatchDraft {
  const resources: string[] = [];
  const tombstones: string[] = [];
  let bytes = Buffer.byteLength(bodyText(frame, Number.MAX_SAFE_INTEGER, '', '', null));
  for (const { type, sourceId, record } of waiting.slice(0, MOST_MEMBERS)) {
    const name = `{"type":"${type}","id":"${ids(type, sourceId)}"`;
    const member = record === null ? `${name}}` : `${name},"attributes":${record}}`;
    bytes += Buffer.byteLength(member) + 1;
    const taken = resources.length + tombstones.length;
    if (bytes > mostBytes && taken > 0) break;
    (record === null ? tombstones : resources).push(member);
  }
  const [data, deleted] = [resources.join(','), tombstones.join(',')];
  return {
    members: waiting.slice(0, resources.length + tombstones.length),
    body: (sequence) => Buffer.from(bodyText(frame, sequence, data, deleted, null)),
  };
}

/** The last batch of a run: no members, only what the run saw. */
export function draftManifest(frame: BatchFrame, { users, repositories, skipped }: FinalCounts): BatchDraft {
  const final = JSON.stringify({ users, repositories, skipped });
  return { members: [], body: (sequence) => Buffer.from(bodyText(frame, sequence, '', '', final)) };
}

function bodyText(
  { profile, serviceType, runId, kind }: BatchFrame,
  sequence: number,
  data: string,
  deleted: string,
  final: string | null,
): string {
  const told = { schema: SCHEMA, profile, service_type: serviceType, run_id: runId, sequence, kind };
  const meta = `${JSON.stringify(told).slice(0, -1)},"deleted":[${deleted}]`;
  return `{"data":[${data}],"meta":${meta}${final === null ? '' : `,"final":${final}`}}}`;
}
