import type { Scope } from '../ledger/ledger.ts';
import type { Privacy } from '../privacy.ts';
import { type MissingRule, type OwnCalls, ruleMissing } from './own-calls.ts';
import { projectPath } from './rest-path.ts';

/** The lists that users can come from, the better one first: only it tells of logins. */
export type UsersList = '/admin/users' | '/users';

/** What a run will ask Bitbucket for: what its scope needs, the operator wants and the accept list allows. */
export interface Plan {
  /** Whether Bitbucket's version can be read. */
  readonly version: boolean;
  /** The lists of users that may be read. */
  readonly usersLists: readonly UsersList[];
  readonly enrichment: EnrichmentPlan;
  /** A call that nobody may make who is not logged in; `null`: no rule allows one. */
  readonly loginCheck: string | null;
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

/** What the operator has left out. */
type Wishes = Pick<Privacy, 'omits' | 'includedKeys'>;

export const VERSION_URL = '/application-properties';
export const PROJECTS_URL = '/projects?limit=1000';

/** Stand for any project; a rule may have a pattern for keys. */
const ANY_PROJECT = ['/projects/KEY', '/projects/~KEY'];
const LOGIN_CHECKS = ['/users?limit=1', '/admin/users?limit=1'];
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
 * @param marked only single repositories are read, no list
 * @throws AgentError `RULE_MISSING` with all rules that a run cannot do without
 */
export function planOf(
  scope: Scope,
  privacy: Wishes,
  calls: Pick<OwnCalls, 'missing'>,
  marked = false,
): Plan {
  const notes: string[] = [];
  const missing: MissingRule[] = [];
  const version = scope.repositories && calls.missing([VERSION_URL]).length === 0;
  const usersLists = scope.users
    ? USERS_LISTS.filter((list) => calls.missing([`${list}?limit=500`]).length === 0)
    : [];
  if (scope.users && usersLists.length === 0) missing.push(...calls.missing(USERS_LISTS));
  if (scope.repositories && !marked) missing.push(...repositoryCalls(privacy, calls));
  if (marked) missing.push(...calls.missing(repositoriesOf(privacy)).slice(0, 1));
  if (missing.length > 0) throw ruleMissing(missing);
  if (scope.users && usersLists.length === 1) notes.push(usersNote(usersLists[0] === '/users', calls));
  const enrichment = scope.enrichment ? enrichmentPlan(privacy, calls, notes) : NOTHING;
  const loginCheck = LOGIN_CHECKS.find((url) => calls.missing([url]).length === 0) ?? null;
  return { version, usersLists, enrichment, loginCheck, notes };
}

function repositoryCalls(privacy: Wishes, calls: Pick<OwnCalls, 'missing'>): readonly MissingRule[] {
  const lists = projectsOf(privacy).map((project) => `${project}/repos?limit=1000`);
  return [
    ...calls.missing([PROJECTS_URL, '/repos?archived=ALL&limit=1000']),
    // One rule for all of them.
    ...calls.missing(lists).slice(0, 1),
  ];
}

/** The projects that will be looked at, where the operator has named them; otherwise such as stand for any. */
function projectsOf({ includedKeys }: Wishes): readonly string[] {
  const named = (includedKeys ?? []).flatMap((key) => projectPath(key) ?? []);
  return named.length > 0 ? named : ANY_PROJECT;
}

/** Of each such project a repository that stands for any. */
const repositoriesOf = (privacy: Wishes): readonly string[] =>
  projectsOf(privacy).map((project) => `${project}/repos/slug`);

function usersNote(plain: boolean, calls: Pick<OwnCalls, 'missing'>): string {
  const [missing] = calls.missing([plain ? '/admin/users?limit=500' : '/users?limit=500']);
  const loss = plain ? 'users come without their last login' : 'service users are left out';
  return `No rule allows GET ${missing?.path}: ${loss}. To change that add ${missing?.rule}`;
}

function enrichmentPlan(privacy: Wishes, calls: Pick<OwnCalls, 'missing'>, notes: string[]): EnrichmentPlan {
  const repositories = repositoriesOf(privacy);
  const missingOf = (call: string) => calls.missing(repositories.map((repository) => repository + call));
  const reads = (field: string, call: string): boolean => {
    if (privacy.omits(`repository.${field}`)) return false;
    const [missing] = missingOf(call);
    if (missing === undefined) return true;
    notes.push(`No rule allows GET ${missing.path}: ${field} stays null. To change that add ${missing.rule}`);
    return false;
  };
  return {
    defaultBranch: reads('default_branch_name', '/default-branch'),
    oldDefaultBranch: missingOf('/branches/default').length === 0,
    lastCommit: reads('last_commit_at', '/commits?limit=1'),
    labels: reads('labels', '/labels?limit=1000'),
  };
}
