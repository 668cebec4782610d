import type { Project } from '../../sandbox/bitbucket/projects.ts';
import type { Repository } from '../../sandbox/bitbucket/repositories.ts';
import type { User } from '../../sandbox/bitbucket/users.ts';
import type { Rows, World } from '../../sandbox/bitbucket/world.ts';
import type { EssentialsReceiver } from '../../sandbox/essentials-receiver.ts';
import type { RepositoryAttributes, UserAttributes } from '../../src/inventory/entity.ts';
import { entityId } from '../../src/inventory/entity-id.ts';

/** The newest commit of the simulator's repository 0; the others are a minute older each. */
const NEWEST_COMMIT = 1_718_020_800_000;

/** A simulator, and what of it the agent could read. */
export interface Sight {
  readonly url: string;
  readonly world: World;
  /** Whether the agent's login may read `/admin/users`, which alone tells of logins. Default true. */
  readonly admin?: boolean;
  /** Whether the server knows archived repositories: from 8.0 on. Default true. */
  readonly archives?: boolean;
  /** Whether the enrichment was read too. Default false. */
  readonly enriched?: boolean;
}

/** What a receiver must hold, by id. */
export interface Truth {
  readonly users: Readonly<Record<string, UserAttributes>>;
  readonly repositories: Readonly<Record<string, RepositoryAttributes>>;
}

/** What the simulator has and shows, as it is to arrive: worked out from its rows, past the agent and its reading. */
export function truthOf(sight: Sight): Truth {
  const { url, world } = sight;
  const users = shown(world.users).map((user) => [entityId(url, 'user', user.id), userOf(sight, user)]);
  const repositories = shown(world.repositories).map((repository) => [
    entityId(url, 'repository', repository.id),
    repositoryOf(sight, repository, world.projects.at(repository.project)),
  ]);
  return { users: Object.fromEntries(users), repositories: Object.fromEntries(repositories) };
}

/** What a receiver holds, in the shape of the truth. */
export function heldBy({ users, repositories }: EssentialsReceiver) {
  return { users: Object.fromEntries(users), repositories: Object.fromEntries(repositories) };
}

/** What `final` is to count. */
export function countsOf({ users, repositories }: Truth) {
  return { users: Object.keys(users).length, repositories: Object.keys(repositories).length };
}

function shown<T extends { readonly hidden: boolean }>(rows: Rows<T>): T[] {
  return Array.from({ length: rows.length }, (_, row) => rows.at(row)).filter(({ hidden }) => !hidden);
}

function userOf({ url, admin = true }: Sight, user: User): UserAttributes {
  const seen = admin && !user.service && user.lastSeen !== undefined;
  return {
    username: user.name,
    slug: user.slug,
    name: user.displayName,
    email: user.email ?? null,
    active: user.active,
    account_type: user.service ? 'service' : 'human',
    url: `${url}/${user.service ? 'bots' : 'users'}/${user.slug}`,
    last_authenticated_at: seen ? iso(user.lastSeen ?? 0) : null,
    discovered_by: 'bitbucket-server',
  };
}

function repositoryOf(sight: Sight, repository: Repository, project: Project): RepositoryAttributes {
  const { url, world, archives = true } = sight;
  const { slug, origin } = repository;
  const { host, hostname } = new URL(url);
  const clone = `${project.key.toLowerCase()}/${slug}.git`;
  const owner = project.owner === undefined ? undefined : world.users.at(project.owner);
  const home = owner === undefined ? `projects/${project.key}` : `users/${owner.slug}`;
  const parent = origin === undefined ? undefined : world.repositories.at(origin);
  return {
    name: repository.name,
    full_name: `${project.key}/${slug}`,
    repository_url: `${url}/scm/${clone}`,
    ssh_url: repository.sshMissing ? null : `ssh://git@${hostname}:7999/${clone}`,
    browse_url: `${url}/${home}/repos/${slug}/browse`,
    archived: archives && repository.archived,
    visibility: repository.public ? 'public' : 'private',
    description: repository.description ?? null,
    state: repository.state,
    fork: parent !== undefined,
    parent: parent === undefined ? null : entityId(url, 'repository', parent.id),
    scm_project: { key: project.key, name: project.name, type: owner === undefined ? 'NORMAL' : 'PERSONAL' },
    scm_organization: host,
    languages: null,
    tags: null,
    app_context: null,
    sources: ['bitbucket-server'],
    created_at: null,
    updated_at: null,
    ...enrichmentOf(sight, repository),
  };
}

/** All of the simulator's commits are years old. */
function enrichmentOf({ enriched = false }: Sight, repository: Repository) {
  const committed = enriched && !repository.empty && !repository.branchMissing;
  return {
    default_branch_name: enriched ? repository.defaultBranch : null,
    last_commit_at: committed ? iso(NEWEST_COMMIT - repository.index * 60_000) : null,
    labels: enriched ? [...repository.labels].sort() : null,
    repository_freshness: committed ? ('dormant' as const) : ('n/a' as const),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
