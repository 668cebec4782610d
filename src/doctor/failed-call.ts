import { AgentError, failureCode } from '../errors.ts';
import { fail, type Result } from './finding.ts';

const HINT = 'Check BITBUCKET_URL (or BITBUCKET), DNS, the proxy and the firewall.';

/**
 * A call to Bitbucket that had no answer, or one that is none.
 *
 * @param name what it was for, where a check makes several
 */
export function failedCall(error: unknown, name?: string): Result {
  const result = resultOf(error);
  return name === undefined ? result : { ...result, what: `${name}: ${result.what}` };
}

function resultOf(error: unknown): Result {
  if (!(error instanceof AgentError)) throw error;
  if (error.code === 'RUN_INTERRUPTED') return fail('Bitbucket gave no answer in time', HINT);
  const cause = failureCode(error.cause);
  const code = cause === 'UNKNOWN' ? error.code : cause;
  const what = (error.message.split('\n')[0] ?? '').replace(/\.$/, '');
  return fail(what.includes(code) ? what : `${what} (${code})`, error.hint ?? HINT, { code });
}
