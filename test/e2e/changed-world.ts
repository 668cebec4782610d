import type { Project } from '../../sandbox/bitbucket/projects.ts';
import type { Repository } from '../../sandbox/bitbucket/repositories.ts';
import { type Bitbucket, type BitbucketOptions, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import type { User } from '../../sandbox/bitbucket/users.ts';
import type { Rows, World } from '../../sandbox/bitbucket/world.ts';

/** What becomes of rows, by what they are called now: users by name, projects by key, repositories by `KEY/slug`. */
export interface WorldChanges {
  readonly users?: Readonly<Record<string, Partial<User>>>;
  readonly projects?: Readonly<Record<string, Partial<Project>>>;
  readonly repositories?: Readonly<Record<string, Partial<Repository>>>;
}

/**
 * The same world later: rows keep their ids, `hidden: true` is a row that has gone, `project` moves a repository.
 *
 * @throws Error when a row that is to change is not there
 */
export function changedWorld(world: World, changes: WorldChanges): World {
  const projects = changed(world.projects, changes.projects ?? {}, ({ key }) => key);
  const users = changed(world.users, changes.users ?? {}, ({ name }) => name);
  const keyOf = ({ project }: Repository) => world.projects.at(project).key;
  const repositories = changed(
    world.repositories,
    changes.repositories ?? {},
    (repository) => `${keyOf(repository)}/${repository.slug}`,
  ).map((repository) => ({
    ...repository,
    hidden: repository.hidden || projects[repository.project]?.hidden === true,
  }));
  const of = ({ index }: Project) => repositories.filter(({ project }) => project === index);
  return {
    ...world,
    users: rowsOf(users),
    projects: rowsOf(projects),
    repositories: rowsOf(repositories),
    userBySlug: (wanted) => users.find(({ slug }) => slug === wanted),
    userByName: (wanted) => users.find(({ name }) => name === wanted),
    projectByKey: (wanted) => projects.find(({ key }) => key === wanted.toUpperCase()),
    repositoriesOf: (project) => rowsOf(of(project)),
    repositoryBySlug: (project, wanted) => of(project).find(({ slug }) => slug === wanted),
  };
}

/** Ends a simulator and starts one with another world at the same address, as time would. */
export async function moveOn(
  bitbucket: Bitbucket,
  world: World,
  options: Omit<BitbucketOptions, 'port' | 'world'> = {},
): Promise<Bitbucket> {
  await bitbucket.close();
  return startBitbucket({ ...options, port: bitbucket.port, world });
}

function changed<T>(
  rows: Rows<T>,
  changes: Readonly<Record<string, Partial<T>>>,
  name: (row: T) => string,
): T[] {
  const left = new Set(Object.keys(changes));
  const all = Array.from({ length: rows.length }, (_, row) => {
    const before = rows.at(row);
    left.delete(name(before));
    return { ...before, ...changes[name(before)] };
  });
  if (left.size > 0) throw new Error(`no such row: ${[...left].join(', ')}`);
  return all;
}

function rowsOf<T>(all: readonly T[]): Rows<T> {
  return {
    length: all.length,
    at(row) {
      const found = all[row];
      if (found === undefined) throw new RangeError(`no row ${row} of ${all.length}`);
      return found;
    },
  };
}
