import type { Call } from '../call.ts';

/** Between two hosts only, or about the way the call took; and what Snyk tells its own broker. */
const NOT_PASSED = new Set([
  'host',
  'content-length',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
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
 */
export function requestHeaders(call: Call, wants: 'text' | 'bytes'): Record<string, string> {
  const named =
    call.headers.connection === undefined ? null : call.headers.connection.toLowerCase().split(/\s*,\s*/);
  const headers: Record<string, string> = {};
  for (const name in call.headers) {
    if (NOT_PASSED.has(name) || NOT_PASSED_PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    if (named?.includes(name)) continue;
    headers[name] = call.headers[name] as string;
  }
  if (wants === 'text') headers['accept-encoding'] = 'identity';
  return headers;
}
