import { interrupted } from '../../bitbucket/fetch.ts';
import type { Seen } from '../ledger/ledger.ts';
import { RepositoryWalk } from './repository-walk.ts';
import { SkipCount } from './skip-count.ts';
import { runTogether } from './task-group.ts';
import { UserWalk } from './user-walk.ts';
import type { CollectOptions } from './walk-options.ts';

/**
 * Reads everything of the scope and stores it page by page. Repositories are the union of `/repos` and each project's
 * own list. What it gives back was all read; one odd record, or a project whose list is refused, is a counted skip, and
 * what was known of an odd record is not taken for gone.
 *
 * @throws AgentError what the first page failed with that could not be read; `RUN_INTERRUPTED` when it was stopped
 */
export async function collect(options: CollectOptions): Promise<Seen> {
  const { scope, signal, skipped, ledger } = options;
  if (signal.aborted) throw interrupted();
  const skips = new SkipCount(skipped);
  const shared = { ...options, skips };
  const users = new UserWalk(shared);
  const repositories = new RepositoryWalk(shared);
  await runTogether(signal, [
    ...(scope.users ? [users.task] : []),
    ...(scope.repositories ? repositories.tasks() : []),
  ]);
  if (scope.users) ledger.keep('user', skips.ids('user'));
  if (scope.repositories) ledger.keep('repository', skips.ids('repository'));
  return {
    users: scope.users ? users.count : null,
    repositories: scope.repositories ? repositories.count : null,
    skipped: skips.count,
    skippedBy: skips.by,
    usersFrom: users.from,
  };
}
