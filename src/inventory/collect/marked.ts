import { interrupted } from '../../bitbucket/fetch.ts';
import { RefusedError } from '../../bitbucket/refused-error.ts';
import type { Place, Seen } from '../ledger/ledger.ts';
import { skipReason } from './enrich.ts';
import { checkLogin } from './login-check.ts';
import { repositoryPath } from './rest-path.ts';
import { SkipCount } from './skip-count.ts';
import { placeOf, storeRepositories } from './store-repositories.ts';
import { runTogether } from './task-group.ts';
import type { WalkOptions } from './walk-options.ts';

/**
 * Reads these repositories and no other one, each at its place, and stores those that Bitbucket shows there under the
 * same id. One that is refused, or is another one, is a counted skip and keeps what was known of it.
 *
 * @returns counts in which no type was looked at: a receiver holds others too
 * @throws AgentError what a call failed with that may hit all of them; `RUN_INTERRUPTED` when it was stopped
 */
export async function collectMarked(
  options: Omit<WalkOptions, 'skips'>,
  places: readonly Place[],
): Promise<Seen> {
  const { signal, skipped, concurrency } = options;
  if (signal.aborted) throw interrupted();
  await checkLogin(options);
  const shared = { ...options, skips: new SkipCount(skipped) };
  const left = places.toReversed();
  const worker = async (either: AbortSignal): Promise<void> => {
    for (let place = left.pop(); place !== undefined; place = left.pop())
      await readOne(shared, place, either);
  };
  await runTogether(
    signal,
    Array.from({ length: concurrency }, () => worker),
  );
  const { count, by } = shared.skips;
  return { users: null, repositories: null, skipped: count, skippedBy: by, usersFrom: null };
}

async function readOne(options: WalkOptions, place: Place, signal: AbortSignal): Promise<void> {
  const { calls, normaliser, privacy, skips, ledger } = options;
  const { sourceId, projectKey, slug } = place;
  const skip = (reason: string) => skips.add({ type: 'repository', reason, what: `repository ${sourceId}` });
  if (!privacy.includes(projectKey)) return skip('other-repository');
  const path = repositoryPath(projectKey, slug);
  if (path === null) return skip('odd-slug');
  try {
    const reply = await calls.get(path, signal);
    if (reply.status < 200 || reply.status > 299) throw new RefusedError(path, reply);
    const made = normaliser.repository(reply.value);
    if (!made.ok) return skip(made.skip.reason);
    if (made.sourceId !== sourceId || !privacy.includes(made.projectKey)) return skip('other-repository');
    storeRepositories(options, [made]);
    ledger.rememberPlaces([placeOf(made)]);
  } catch (error) {
    const reason = skipReason(error);
    if (reason === null || signal.aborted) throw error;
    skip(reason);
  }
}
