import { interrupted } from '../../bitbucket/fetch.ts';
import type { EntityType } from '../entity.ts';
import type { Seen } from '../ledger/ledger.ts';
import { checkLogin } from './login-check.ts';
import { RepositoryWalk } from './repository-walk.ts';
import { SkipCount } from './skip-count.ts';
import { runTogether } from './task-group.ts';
import { UserWalk } from './user-walk.ts';
import type { CollectOptions } from './walk-options.ts';

/**
 * Reads everything of the scope and stores it page by page. Repositories are the union of `/repos` and each project's
 * own list. What it gives back was all read; one odd record, or a project whose list is refused, is a counted skip, and
 * what was known of an odd record is not taken for gone. Before anything is, it is looked for once more: Bitbucket's
 * pages are no snapshot.
 *
 * @throws AgentError what the first page failed with that could not be read; `CONFIG_INVALID` when the settings leave out
 *   every project; `RUN_INTERRUPTED` when it was stopped
 */
export async function collect(options: CollectOptions): Promise<Seen> {
  const { scope, signal, skipped, ledger } = options;
  if (signal.aborted) throw interrupted();
  await checkLogin(options);
  const skips = new SkipCount(skipped);
  const shared = { ...options, skips };
  const users = new UserWalk(shared);
  const repositories = new RepositoryWalk(shared);
  await runTogether(signal, [
    ...(scope.users ? [users.task] : []),
    ...(scope.repositories ? repositories.tasks() : []),
  ]);
  if (scope.repositories) repositories.checkFilter();
  const types = TYPES.filter((type) => scope[type === 'user' ? 'users' : 'repositories']);
  const kept = { user: 0, repository: 0 };
  const keep = () => {
    for (const type of types) kept[type] += ledger.keep(type, skips.kept(type));
  };
  keep();
  const walks = { user: users, repository: repositories };
  const again = types.filter((type) => ledger.unseen(type) > 0).map((type) => walks[type].again);
  if (again.length > 0) {
    await runTogether(signal, again);
    keep();
  }
  return {
    users: scope.users ? users.count + kept.user : null,
    repositories: scope.repositories ? repositories.count + kept.repository : null,
    skipped: skips.count,
    skippedBy: skips.by,
    usersFrom: users.from,
  };
}

const TYPES: readonly EntityType[] = ['user', 'repository'];
