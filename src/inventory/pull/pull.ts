import { type Outgoing, REPEATABLE, type Send } from '../../bitbucket/send.ts';
import { type ErrorCode, HTTP_STATUS } from '../../errors.ts';
import { AGENT_PATHS } from '../../rules/agent-origin.ts';
import { pathEnd } from '../../rules/target.ts';
import { type EntityType, SCHEMA } from '../entity.ts';
import type { EntityIds } from '../entity-id.ts';
import type { LedgerReader, Run } from '../ledger/ledger.ts';
import { LocalFlight, type LocalReply } from './local-reply.ts';
import { entityMembers, runMembers, seenOf } from './members.ts';
import { nextLink, type QueryFlaw, readPageQuery } from './page-query.ts';

export interface PullOptions {
  /** The ids that entities are delivered under. */
  readonly entityId: EntityIds;
}

type List = keyof typeof AGENT_PATHS;

const LISTS = new Map(Object.entries(AGENT_PATHS).map(([list, path]) => [path as string, list as List]));
const HEADERS = { 'content-type': 'application/vnd.api+json', 'cache-control': 'no-store' };

/**
 * Serves what the accept list's rules of the origin `agent:` let through: the users, repositories and runs of the
 * ledger, a page at a time, as JSON:API 1.0 documents. The same ledger gives the same bytes. Before a run has
 * read all of them users and repositories are a 503 `NOT_COLLECTED`; whether Snyk has taken them does not matter.
 *
 * @param openReader called for each request; `null`: there is no ledger that can be read
 */
export function createPull(openReader: () => LedgerReader | null, { entityId }: PullOptions): Send {
  return (request, sink) => {
    const bodyless = request.method === 'HEAD';
    return new LocalFlight(() => answer(request, openReader, entityId), sink, { bodyless });
  };
}

function answer(
  { path: url, method }: Outgoing,
  openReader: () => LedgerReader | null,
  entityId: EntityIds,
): LocalReply {
  const end = pathEnd(url);
  const path = url.slice(0, end);
  const query = url.slice(end + 1);
  // Case and a slash at the end do not count in the accept list, so they do not here.
  const list = LISTS.get(path.toLowerCase().replace(/\/$/, ''));
  if (list === undefined) return refusal('NOT_FOUND', { detail: 'The agent has no such list.' });
  if (!REPEATABLE.has(method)) return refusal('BAD_REQUEST', { status: 405, detail: 'Lists are only read.' });
  const page = readPageQuery(list, query);
  if ('parameter' in page) return refusal('BAD_REQUEST', queryRefusal(page));
  const reader = openReader();
  if (reader === null) return NOT_COLLECTED;
  try {
    const collected = list === 'runs' ? undefined : reader.lastCollected(list);
    if (collected === null) return NOT_COLLECTED;
    const { texts, last } =
      list === 'runs' ? runMembers(reader, page) : entityMembers(reader, TYPES[list], page, entityId);
    const next = last === null ? null : nextLink(list, path, query, last);
    return reply(200, document(texts, url, next, collected));
  } finally {
    reader.close();
  }
}

const TYPES = { users: 'user', repositories: 'repository' } as const satisfies Record<string, EntityType>;

function document(
  texts: readonly string[],
  self: string,
  next: string | null,
  collected: Run | undefined,
): string {
  const links = JSON.stringify({ self, ...(next === null ? {} : { next }) });
  const meta = JSON.stringify({
    schema: SCHEMA,
    ...(collected && { collected_run: collectedRun(collected) }),
  });
  return `{"jsonapi":{"version":"1.0"},"data":[${texts.join(',')}],"links":${links},"meta":${meta}}`;
}

/** What the list is as new as. */
const collectedRun = (run: Run) => ({
  id: run.runId,
  kind: run.kind,
  started_at: run.startedAt,
  ended_at: run.endedAt,
  seen: seenOf(run),
});

interface Refusal {
  /** Where it is not the code's own. */
  readonly status?: number;
  readonly detail: string;
  readonly source?: { readonly parameter: string };
}

function refusal(code: ErrorCode, { status = HTTP_STATUS[code], ...said }: Refusal): LocalReply {
  const error = { status: String(status), code, title: TITLES[status] ?? code, ...said };
  const answered = reply(status, JSON.stringify({ jsonapi: { version: '1.0' }, errors: [error] }));
  return status === 405 ? { ...answered, headers: { ...HEADERS, allow: 'GET, HEAD' } } : answered;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  404: 'Not found',
  405: 'Method not allowed',
  503: 'Not collected yet',
};

const queryRefusal = ({ parameter, detail }: QueryFlaw): Refusal => ({
  detail: `${parameter} ${detail}.`,
  source: { parameter },
});

const reply = (status: number, text: string): LocalReply => ({
  status,
  headers: HEADERS,
  body: Buffer.from(text, 'utf8'),
});

const NOT_COLLECTED = refusal('NOT_COLLECTED', {
  detail: 'No run of the inventory has read all of this list yet. Ask again when one has.',
});
