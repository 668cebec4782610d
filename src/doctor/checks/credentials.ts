import type { LoginSight } from '../logins.ts';
import type { Check } from '../run-checks.ts';

export const CREDENTIALS = 'credentials';

/** Each credential by the name of its variable, with what `sights` has found. */
export const credentialsCheck = (
  needs: readonly string[],
  sights: (signal: AbortSignal) => Promise<readonly LoginSight[]>,
): Check => ({
  name: CREDENTIALS,
  needs,
  limitMs: 30_000,
  run: async (signal) => (await sights(signal)).map(({ result }) => result),
});
