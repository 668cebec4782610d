import { targetFlaw } from '../../rules/target.ts';

/** `/projects/KEY`, or `null` where the gate lets no such key through, by whatever rule. */
export function projectPath(key: string): string | null {
  return sendable('/projects/', key);
}

/** `/projects/KEY/repos/SLUG`, or `null` where the gate lets no such key or slug through. */
export function repositoryPath(key: string, slug: string): string | null {
  const project = projectPath(key);
  return project === null ? null : sendable(`${project}/repos/`, slug);
}

function sendable(before: string, name: string): string | null {
  if (name === '' || !name.isWellFormed() || name.includes('/')) return null;
  const path = before + encodeURIComponent(name);
  return targetFlaw(path) === null ? path : null;
}
