import type { Project } from './projects.ts';
import type { Repository } from './repositories.ts';
import type { User } from './users.ts';
import type { World } from './world.ts';

/** What the JSON of an entity depends on beside the entity: the server's addresses, its version, who asks. */
export interface Setting {
  readonly world: World;
  /** Scheme, host, port and context path; no slash at the end. */
  readonly url: string;
  /** `ssh://git@host:7999`. */
  readonly ssh: string;
  /** `[major, minor]` of the simulated release. */
  readonly version: readonly [number, number];
}

type Json = Record<string, unknown>;

const INTERNAL_DIRECTORY = 'Bitbucket Internal Directory';

/** An account as `/users` shows it. */
export function userJson(setting: Setting, user: User): Json {
  const home = user.service ? 'bots' : 'users';
  return {
    name: user.name,
    ...(user.email === undefined ? {} : { emailAddress: user.email }),
    id: user.id,
    displayName: user.displayName,
    active: user.active,
    slug: user.slug,
    type: user.service ? 'SERVICE' : 'NORMAL',
    links: { self: [{ href: `${setting.url}/${home}/${user.slug}` }] },
  };
}

/** An account as `/admin/users` shows it. */
export function detailedUserJson(setting: Setting, user: User): Json {
  const { links, ...plain } = userJson(setting, user);
  return {
    ...plain,
    directoryName: user.external ? 'Corporate Crowd' : INTERNAL_DIRECTORY,
    deletable: !user.external,
    ...(user.lastSeen === undefined ? {} : { lastAuthenticationTimestamp: user.lastSeen }),
    mutableDetails: !user.external,
    mutableGroups: !user.external,
    links,
  };
}

/** A project; a personal one has `owner` and no `public`, and lives under `/users/{slug}`. */
export function projectJson(setting: Setting, project: Project): Json {
  const owner = project.owner === undefined ? undefined : setting.world.users.at(project.owner);
  const home = owner ? `users/${owner.slug}` : `projects/${project.key}`;
  return {
    key: project.key,
    id: project.id,
    name: project.name,
    ...(project.description === undefined ? {} : { description: project.description }),
    ...(owner ? {} : { public: project.public }),
    type: owner ? 'PERSONAL' : 'NORMAL',
    ...(owner ? { owner: userJson(setting, owner) } : {}),
    links: { self: [{ href: `${setting.url}/${home}` }] },
  };
}

function cloneLinks(setting: Setting, repository: Repository, key: string, caller: string | null): Json[] {
  const path = `${key.toLowerCase()}/${repository.slug}.git`;
  const named = repository.userInLink && caller !== null;
  const base = named ? setting.url.replace('://', `://${encodeURIComponent(caller)}@`) : setting.url;
  const http = { href: `${base}/scm/${path}`, name: 'http' };
  if (repository.sshMissing) return [http];
  const ssh = { href: `${setting.ssh}/${path}`, name: 'ssh' };
  return repository.sshFirst ? [ssh, http] : [http, ssh];
}

const STATUS_MESSAGES: Record<Repository['state'], string> = {
  AVAILABLE: 'Available',
  INITIALISATION_FAILED: 'Initialisation failed',
  INITIALISING: 'Initialising',
  OFFLINE: 'Offline',
};

/** A repository; a fork carries its whole origin. `caller` is the login that some http clone links name. */
export function repositoryJson(setting: Setting, repository: Repository, caller: string | null): Json {
  const { world, version } = setting;
  const project = world.projects.at(repository.project);
  const origin = repository.origin === undefined ? undefined : world.repositories.at(repository.origin);
  const owner = project.owner === undefined ? undefined : world.users.at(project.owner);
  const home = owner ? `users/${owner.slug}` : `projects/${project.key}`;
  const ancestor = repository.origin ?? repository.index;
  return {
    slug: repository.slug,
    id: repository.id,
    name: repository.name,
    ...(repository.description === undefined ? {} : { description: repository.description }),
    ...(version[0] < 7 ? {} : { hierarchyId: hierarchyId(world.seed, ancestor) }),
    scmId: 'git',
    state: repository.state,
    statusMessage: STATUS_MESSAGES[repository.state],
    forkable: repository.forkable,
    ...(origin ? { origin: repositoryJson(setting, origin, caller) } : {}),
    project: projectJson(setting, project),
    public: repository.public,
    ...(version[0] < 8 ? {} : { archived: repository.archived }),
    links: {
      clone: cloneLinks(setting, repository, project.key, caller),
      self: [{ href: `${setting.url}/${home}/repos/${repository.slug}/browse` }],
    },
  };
}

/** Twenty hex digits, cheap to make: pages of a large world are made while a benchmark waits. */
function hierarchyId(seed: number, ancestor: number): string {
  return (BigInt(seed + 1) * 0x9e37_79b9_7f4a_7c15_f39cn + BigInt(ancestor + 1) * 0xbf58_476d_1ce4_e5b9_94d1n)
    .toString(16)
    .slice(-20)
    .padStart(20, '0');
}
