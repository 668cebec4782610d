import type { AnswerHead } from '../call.ts';
import { HOP_BY_HOP } from '../hop-by-hop.ts';

/** Bitbucket's session is as good as a password. */
const NOT_PASSED = new Set([...HOP_BY_HOP, 'set-cookie']);

/** Whoever calls these a matter of the connection, the caller cannot read the body without them. */
const ABOUT_THE_BODY: ReadonlySet<string> = new Set(['content-length', 'content-type', 'content-encoding']);

/** What Bitbucket's status and headers become for the caller, with the Snyk Broker's label beside an error. */
export function replyHead(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  requestId: string,
): AnswerHead {
  const named = namedIn(headers.connection);
  const passed: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || NOT_PASSED.has(name) || named?.includes(name)) continue;
    passed[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  passed['snyk-request-id'] = requestId;
  const errorType = errorTypeOf(status);
  return errorType === undefined ? { status, headers: passed } : { status, headers: passed, errorType };
}

/** Further headers that are about the connection alone (RFC 9110, 7.6.1). */
function namedIn(connection: string | string[] | undefined): readonly string[] | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null;
  return String(connection)
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => !ABOUT_THE_BODY.has(name));
}

/** The labels of the Snyk Broker client 5.22.14; a 404 is an answer like any other. */
export function errorTypeOf(status: number): string | undefined {
  if (status < 400 || status === 404) return undefined;
  if (status === 401) return 'DOWNSTREAM_UNAUTHORIZED';
  if (status === 403) return 'DOWNSTREAM_FORBIDDEN';
  if (status === 429) return 'DOWNSTREAM_RATE_LIMITED';
  return status >= 500 ? 'DOWNSTREAM_SERVER_ERROR' : 'DOWNSTREAM_UNEXPECTED';
}
