import type { Call } from '../call.ts';
import { HOP_BY_HOP } from '../hop-by-hop.ts';

/** About the way the call took, or what Snyk tells its own broker, or a way to be somebody or something else. */
const NOT_PASSED = new Set([
  ...HOP_BY_HOP,
  'host',
  'content-length',
  'expect',
  'forwarded',
  'authorization',
  'cookie',
  'snyk-flow-name',
  'snyk-product-line',
  'snyk-project-type',
  'snyk-integration-type',
  'x-snyk-broker-context-id',
  'x-broker-ws-response',
  'x-broker-var-sub',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
]);
const NOT_PASSED_PREFIXES = ['x-forwarded-', 'snyk-acting-'];

/**
 * The headers that go to Bitbucket: the caller's, without those of the way. A caller's own authorisation, cookies and
 * method overrides never get there. Over a text answer path the body is asked for uncompressed.
 *
 * @param checked headers that a condition of the rule was held against: what was checked is what is sent
 */
export function requestHeaders(
  call: Call,
  wants: 'text' | 'bytes',
  checked: readonly string[] = [],
): Record<string, string> {
  const named =
    call.headers.connection === undefined
      ? null
      : call.headers.connection
          .toLowerCase()
          .split(',')
          .map((name) => name.trim());
  const headers: Record<string, string> = {};
  for (const name in call.headers) {
    if (NOT_PASSED.has(name) || NOT_PASSED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (named?.includes(name) && !checked.includes(name)) continue;
    headers[name] = call.headers[name] as string;
  }
  if (wants === 'text' && !checked.includes('accept-encoding')) headers['accept-encoding'] = 'identity';
  return headers;
}
