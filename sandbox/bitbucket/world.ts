import { type Project, projectAt, projectRowOf } from './projects.ts';
import { FIRST_REPOSITORIES, type Repository, repositoryAt, repositoryRowsOf } from './repositories.ts';
import { drawn } from './seed.ts';
import { type User, userAt, userRowOf, userRowOfName } from './users.ts';

/** Rows addressed by number; nothing is held but what is asked for. */
export interface Rows<T> {
  readonly length: number;
  /** Throws RangeError outside 0..length-1. */
  at(row: number): T;
}

/** All that a Bitbucket server knows, made row by row when asked: 100,000 repositories cost nothing until read. */
export interface World {
  readonly seed: number;
  readonly users: Rows<User>;
  readonly projects: Rows<Project>;
  readonly repositories: Rows<Repository>;
  /** Group names; `isMember` tells who is in them. */
  readonly groups: readonly string[];
  isMember(group: string, user: User): boolean;
  userBySlug(slug: string): User | undefined;
  userByName(name: string): User | undefined;
  /** The key in any case. */
  projectByKey(key: string): Project | undefined;
  repositoriesOf(project: Project): Rows<Repository>;
  repositoryBySlug(project: Project, slug: string): Repository | undefined;
}

/** How large the world is; the awkward rows come first, so a small one has them all. */
export interface WorldSize {
  /** Default 6. */
  readonly projects?: number;
  /** Default 40. */
  readonly repositories?: number;
  /** Default 30. */
  readonly users?: number;
  /** The same seed gives the same world, byte for byte. Default 1. */
  readonly seed?: number;
}

const GROUPS = ['bitbucket-users', 'developers', 'équipe sécurité', 'dev/ops & co', 'nobody'];

function rows<T>(length: number, make: (row: number) => T): Rows<T> {
  return {
    length,
    at(row) {
      if (!Number.isInteger(row) || row < 0 || row >= length)
        throw new RangeError(`no row ${row} of ${length}`);
      return make(row);
    },
  };
}

function isMember(seed: number, group: string, user: User): boolean {
  if (user.service || group === 'nobody' || !GROUPS.includes(group)) return false;
  return group === 'bitbucket-users' || drawn(seed, group, user.index) % 3 === 0;
}

/** The repositories that the table of awkward ones puts into a project, then every `projects`-th row. */
function rowsOfProject(all: Rows<Repository>, projects: number, project: number): Rows<Repository> {
  const first: number[] = [];
  for (let row = 0; row < Math.min(FIRST_REPOSITORIES, all.length); row += 1) {
    if (all.at(row).project === project) first.push(row);
  }
  const from = FIRST_REPOSITORIES + ((((project - FIRST_REPOSITORIES) % projects) + projects) % projects);
  const rest = from < all.length ? Math.ceil((all.length - from) / projects) : 0;
  return rows(first.length + rest, (row) => all.at(first[row] ?? from + (row - first.length) * projects));
}

/** Makes a world. The same size and seed give the same rows on every machine. RangeError when it is under 6 projects, 16 repositories or 16 users. */
export function createWorld(size: WorldSize = {}): World {
  const { projects = 6, repositories = 40, users = 30, seed = 1 } = size;
  if (projects < 6 || repositories < FIRST_REPOSITORIES || users < 16) {
    throw new RangeError('a world has at least 6 projects, 16 repositories and 16 users');
  }
  const allUsers = rows(users, (row) => userAt(seed, row));
  const nameOf = (row: number) => {
    const { displayName: name, slug } = userAt(seed, row);
    return { name, slug };
  };
  const allProjects = rows(projects, (row) => projectAt(row, users, nameOf));
  const allRepositories = rows(repositories, (row) => {
    const own = repositoryAt(seed, row, projects);
    const home = allProjects.at(own.project);
    return { ...own, public: own.public || home.public, hidden: own.hidden || home.hidden };
  });
  const present = <T>(of: Rows<T>, row: number | undefined) =>
    row !== undefined && row >= 0 && row < of.length ? of.at(row) : undefined;
  return {
    seed,
    users: allUsers,
    projects: allProjects,
    repositories: allRepositories,
    groups: GROUPS,
    isMember: (group, user) => isMember(seed, group, user),
    userBySlug: (slug) => present(allUsers, userRowOf(slug)),
    userByName: (name) => present(allUsers, userRowOfName(name)),
    projectByKey: (key) => {
      const found = present(allProjects, projectRowOf(key));
      return found?.key === key.toUpperCase() ? found : undefined;
    },
    repositoriesOf: (project) => rowsOfProject(allRepositories, projects, project.index),
    repositoryBySlug: (project, slug) =>
      repositoryRowsOf(slug)
        .flatMap((row) => present(allRepositories, row) ?? [])
        .find((repository) => repository.slug === slug && repository.project === project.index),
  };
}
