import { RefusedError } from '../../bitbucket/refused-error.ts';

/**
 * Whether it is this one call that Bitbucket refuses, and not the login: a missing permission answers 401 with an
 * exception of its own (Bitbucket 9.4), any other 401 is a login that does not work.
 */
export function isNotPermitted(error: unknown): error is RefusedError {
  if (!(error instanceof RefusedError)) return false;
  const { status, exception } = error;
  return status === 403 || status === 404 || (status === 401 && exception.endsWith('AuthorisationException'));
}
