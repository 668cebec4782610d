import { type Answer, json } from './answers.ts';
import { projectJson, repositoryJson } from './entities.ts';
import { failed } from './errors.ts';
import { page } from './pages.ts';
import type { Project } from './projects.ts';
import type { Repository } from './repositories.ts';
import { type Ask, get, manner, type Route } from './route.ts';
import { isShown, withProject, withRepository } from './sight.ts';

function holds(text: string, wanted: string | null): boolean {
  return wanted === null || text.toLowerCase().includes(wanted.trim().toLowerCase());
}

function projects({ site, caller, query }: Ask): Answer {
  const name = query.get('name');
  const listing = {
    rows: site.world.projects,
    shown: (project: Project) =>
      isShown(caller, project) &&
      (site.listPersonalProjects || project.owner === undefined) &&
      holds(project.name, name),
    write: (project: Project) => projectJson(site, project),
  };
  return json(200, page(query, listing, manner(site, 'projects')));
}

function projectRepositories(ask: Ask): Answer {
  const { site, caller, query } = ask;
  return withProject(ask, (project) => {
    const listing = {
      rows: site.world.repositoriesOf(project),
      shown: (repository: Repository) => isShown(caller, repository),
      write: (repository: Repository) => repositoryJson(site, repository, caller.name),
    };
    return json(200, page(query, listing, manner(site, 'repositories')));
  });
}

/** The words a parameter of `/repos` may have, and what each keeps. */
const VISIBILITY: Record<string, (repository: Repository) => boolean> = {
  public: (repository) => repository.public,
  private: (repository) => !repository.public,
};
const ARCHIVED: Record<string, (repository: Repository) => boolean> = {
  ACTIVE: (repository) => !repository.archived,
  ARCHIVED: (repository) => repository.archived,
  ALL: () => true,
};
const STATE: Record<string, (repository: Repository) => boolean> = {
  AVAILABLE: (repository) => repository.state === 'AVAILABLE',
  INITIALISING: (repository) => repository.state === 'INITIALISING',
  INITIALISATION_FAILED: (repository) => repository.state === 'INITIALISATION_FAILED',
};
const PERMISSIONS = ['REPO_READ', 'REPO_WRITE', 'REPO_ADMIN'];

type Kept = (repository: Repository) => boolean;

/** The filters of a `/repos` call, or the parameter whose value is none of the allowed. */
function filters({ site, query, caller }: Ask): Kept[] | { readonly wrong: string } {
  const kept: Kept[] = [];
  const words: [string, Record<string, Kept>, string | null][] = [
    ['visibility', VISIBILITY, null],
    ['state', STATE, null],
  ];
  if (site.version[0] >= 8) words.push(['archived', ARCHIVED, 'ACTIVE']);
  for (const [name, meanings, fallback] of words) {
    const given = query.get(name) ?? fallback;
    if (given === null) continue;
    const meaning = meanings[name === 'visibility' ? given.toLowerCase() : given.toUpperCase()];
    if (!meaning) return { wrong: name };
    kept.push(meaning);
  }
  const permission = query.get('permission');
  if (permission !== null && !PERMISSIONS.includes(permission)) return { wrong: 'permission' };
  if (permission !== null && caller.role === 'anonymous') kept.push(() => false);
  const [name, projectName, projectKey] = ['name', 'projectname', 'projectkey'].map((key) => query.get(key));
  if (name) kept.push((repository) => holds(repository.name, name));
  if (projectName)
    kept.push((repository) => holds(site.world.projects.at(repository.project).name, projectName));
  if (projectKey && site.version[0] >= 8) {
    kept.push((repository) => site.world.projects.at(repository.project).key === projectKey.toUpperCase());
  }
  return kept;
}

function repositories(ask: Ask): Answer {
  const { site, caller, query } = ask;
  const kept = filters(ask);
  if ('wrong' in kept)
    return failed('argument', `The value of ${kept.wrong} is not one of the known.`, kept.wrong);
  const listing = {
    rows: site.world.repositories,
    shown: (repository: Repository) =>
      isShown(caller, repository) && kept.every((keeps) => keeps(repository)),
    write: (repository: Repository) => repositoryJson(site, repository, caller.name),
  };
  return json(200, page(query, listing, manner(site, 'repositories')));
}

function labels(ask: Ask): Answer {
  return withRepository(ask, (repository) => {
    const listing = {
      rows: { length: repository.labels.length, at: (row: number) => repository.labels[row] ?? '' },
      shown: () => true,
      write: (name: string) => ({ name }),
    };
    return json(200, page(ask.query, listing, { cap: 1000 }));
  });
}

/** The endpoints about projects and repositories. */
export const PLACES: readonly Route[] = [
  get('projects', 'public', projects),
  get('projects/:key', 'public', (ask) =>
    withProject(ask, (project) => json(200, projectJson(ask.site, project))),
  ),
  get('projects/:key/repos', 'public', projectRepositories),
  get('projects/:key/repos/:slug', 'public', (ask) =>
    withRepository(ask, (repository) => json(200, repositoryJson(ask.site, repository, ask.caller.name))),
  ),
  get('projects/:key/repos/:slug/labels', 'public', labels),
  get('repos', 'public', repositories),
];
