import { AgentError, failureCode } from '../errors.ts';
import { fail, type Result } from './finding.ts';

const HINT = 'Check BITBUCKET_URL (or BITBUCKET), DNS, the proxy and the firewall.';

/** A call to Bitbucket that had no answer, or one that is none. */
export function failedCall(error: unknown): Result {
  if (!(error instanceof AgentError)) throw error;
  if (error.code === 'RUN_INTERRUPTED') return fail('Bitbucket gave no answer in time', HINT);
  const cause = failureCode(error.cause);
  const code = cause === 'UNKNOWN' ? error.code : cause;
  return fail(`${error.message.split('\n')[0]} (${code})`, error.hint ?? HINT, { code });
}
