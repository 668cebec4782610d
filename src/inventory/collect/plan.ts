import type { Scope } from '../ledger/ledger.ts';
import { type MissingRule, type OwnCalls, ruleMissing } from './own-calls.ts';

/** The lists that users can come from, the better one first: only it tells of logins. */
export type UsersList = '/admin/users' | '/users';

/** What a run will ask Bitbucket for: what its scope needs, the operator wants and the accept list allows. */
export interface Plan {
  /** Whether Bitbucket's version can be read. */
  readonly version: boolean;
  /** The lists of users that may be read. */
  readonly usersLists: readonly UsersList[];
  readonly enrichment: EnrichmentPlan;
  /** What will be missing because the accept list has no rule for it, each with the rule to add. */
  readonly notes: readonly string[];
}

export interface EnrichmentPlan {
  readonly defaultBranch: boolean;
  /** The call that servers have which do not know the newer one. */
  readonly oldDefaultBranch: boolean;
  readonly lastCommit: boolean;
  readonly labels: boolean;
}

/** What the operator has left out; `field` as in `OMIT_FIELDS`. */
interface Omissions {
  omits(field: string): boolean;
}

export const VERSION_URL = '/application-properties';

const KEY = '/projects/KEY';
const REPOSITORY = `${KEY}/repos/slug`;
const REPOSITORY_LISTS = [
  '/projects?limit=1000',
  '/repos?archived=ALL&limit=1000',
  `${KEY}/repos?limit=1000`,
];
/** A personal project's; a rule may have a pattern for keys. */
const PERSONAL_LIST = '/projects/~KEY/repos?limit=1000';
const USERS_LISTS: readonly UsersList[] = ['/admin/users', '/users'];
const NOTHING: EnrichmentPlan = {
  defaultBranch: false,
  oldDefaultBranch: false,
  lastCommit: false,
  labels: false,
};

/**
 * Looks before a run starts whether the accept list allows what it needs. A call that only adds to the inventory may
 * be missing: its fields stay `null`, and a note says so.
 *
 * @throws AgentError `RULE_MISSING` with all rules that a run cannot do without
 */
export function planOf(scope: Scope, privacy: Omissions, calls: Pick<OwnCalls, 'missing'>): Plan {
  const notes: string[] = [];
  const missing: MissingRule[] = [];
  const version = scope.repositories && calls.missing([VERSION_URL]).length === 0;
  const usersLists = scope.users
    ? USERS_LISTS.filter((list) => calls.missing([`${list}?limit=500`]).length === 0)
    : [];
  if (scope.users && usersLists.length === 0) missing.push(...calls.missing(USERS_LISTS));
  if (scope.repositories) missing.push(...repositoryCalls(calls));
  if (missing.length > 0) throw ruleMissing(missing);
  if (scope.users && usersLists.length === 1) notes.push(usersNote(usersLists[0] === '/users', calls));
  const enrichment = scope.enrichment ? enrichmentPlan(privacy, calls, notes) : NOTHING;
  return { version, usersLists, enrichment, notes };
}

function repositoryCalls(calls: Pick<OwnCalls, 'missing'>): readonly MissingRule[] {
  const missing = calls.missing(REPOSITORY_LISTS);
  return missing.some(({ url }) => url.startsWith(KEY))
    ? missing
    : [...missing, ...calls.missing([PERSONAL_LIST])];
}

function usersNote(plain: boolean, calls: Pick<OwnCalls, 'missing'>): string {
  const [missing] = calls.missing([plain ? '/admin/users?limit=500' : '/users?limit=500']);
  const loss = plain ? 'users come without their last login' : 'service users are left out';
  return `No rule allows GET ${missing?.path}: ${loss}. To change that add ${missing?.rule}`;
}

function enrichmentPlan(
  privacy: Omissions,
  calls: Pick<OwnCalls, 'missing'>,
  notes: string[],
): EnrichmentPlan {
  const reads = (field: string, url: string): boolean => {
    if (privacy.omits(`repository.${field}`)) return false;
    const [missing] = calls.missing([url]);
    if (missing === undefined) return true;
    notes.push(`No rule allows GET ${missing.path}: ${field} stays null. To change that add ${missing.rule}`);
    return false;
  };
  return {
    defaultBranch: reads('default_branch_name', `${REPOSITORY}/default-branch`),
    oldDefaultBranch: calls.missing([`${REPOSITORY}/branches/default`]).length === 0,
    lastCommit: reads('last_commit_at', `${REPOSITORY}/commits?limit=1`),
    labels: reads('labels', `${REPOSITORY}/labels?limit=1000`),
  };
}
