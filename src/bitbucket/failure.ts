import { AgentError, failureCode } from '../errors.ts';
import { CONNECTION_RESET } from '../network/connector.ts';

const TIMEOUTS: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'Bitbucket did not accept the connection in time.',
  UND_ERR_HEADERS_TIMEOUT: 'Bitbucket did not begin to answer in time.',
  UND_ERR_BODY_TIMEOUT: 'Bitbucket stopped in the middle of its answer.',
  ETIMEDOUT: 'The connection to Bitbucket timed out.',
};

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Bitbucket refused the connection.',
  ENOTFOUND: "Bitbucket's host name is not known.",
  EAI_AGAIN: "Bitbucket's host name cannot be looked up just now.",
  EHOSTUNREACH: "There is no way to Bitbucket's host.",
  ENETUNREACH: "There is no way to Bitbucket's network.",
};

/** undici's code, and Node's own. */
const NOT_HTTP = new Set([
  'UND_ERR_INVALID_ARG',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
]);

/** Says what a broken exchange means, in a code that callers and operators know. No text of the cause is repeated. */
export function downstreamError(cause: unknown): AgentError {
  const code = failureCode(cause);
  if (isProxyRefusal(cause)) {
    const hint = 'Check the user and the password in HTTP_PROXY and HTTPS_PROXY.';
    return new AgentError('DOWNSTREAM_ERROR', 'The proxy refused its login (407).', { cause, hint });
  }
  if (NOT_HTTP.has(code)) {
    return new AgentError('BAD_REQUEST', 'The request has a header or a method that HTTP does not allow.', {
      cause,
    });
  }
  const timeout = TIMEOUTS[code];
  if (timeout !== undefined) return new AgentError('DOWNSTREAM_TIMEOUT', timeout, { cause });
  const unreachable = UNREACHABLE[code];
  if (unreachable !== undefined) return new AgentError('DOWNSTREAM_UNREACHABLE', unreachable, { cause });
  return new AgentError('DOWNSTREAM_ERROR', `The exchange with Bitbucket broke off (${code}).`, { cause });
}

const BROKEN_CONNECTION = new Set([CONNECTION_RESET, 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** A kept connection that had died while it was idle looks like this on its next use. */
export const isBrokenConnection = (error: AgentError): boolean =>
  BROKEN_CONNECTION.has(failureCode(error.cause));

/** undici 8.12 tells a 407 by the text alone: absolute-form requests fail with its invalid-argument error. */
const isProxyRefusal = (cause: unknown): boolean =>
  typeof cause === 'object' && cause !== null && 'message' in cause && /\(407\)/.test(String(cause.message));
