import type { Answer } from './answers.ts';
import type { Caller } from './auth.ts';
import { failed, loginNeeded, notPermitted } from './errors.ts';
import type { Project } from './projects.ts';
import type { Repository } from './repositories.ts';
import type { Ask } from './route.ts';

/** Whether the caller is shown a project or a repository at all. */
export function isShown(
  caller: Caller,
  thing: { readonly hidden: boolean; readonly public: boolean },
): boolean {
  if (caller.role === 'sysadmin') return true;
  return !thing.hidden && (caller.role !== 'anonymous' || thing.public);
}

/** The answer for who asks by name for what is not shown to them. */
function refused(caller: Caller): Answer {
  return caller.role === 'anonymous' ? loginNeeded() : notPermitted();
}

/** Runs `then` with the project of the path, or answers why not. */
export function withProject(ask: Ask, then: (project: Project) => Answer): Answer {
  const key = ask.params.key ?? '';
  const project = ask.site.world.projectByKey(key);
  if (!project) return failed('project', `Project ${key} does not exist.`);
  return isShown(ask.caller, project) ? then(project) : refused(ask.caller);
}

/** Runs `then` with the repository of the path, or answers why not. A public repository may be in a private project. */
export function withRepository(ask: Ask, then: (repository: Repository, project: Project) => Answer): Answer {
  const { key = '', slug = '' } = ask.params;
  const project = ask.site.world.projectByKey(key);
  if (!project) return failed('project', `Project ${key} does not exist.`);
  const repository = ask.site.world.repositoryBySlug(project, slug.toLowerCase());
  if (!repository) return failed('repository', `Repository ${project.key}/${slug} does not exist.`);
  return isShown(ask.caller, repository) ? then(repository, project) : refused(ask.caller);
}
