import type { Place } from './ledger/ledger.ts';
import { nameOf, objectOf, sourceIdOf } from './normalise/raw.ts';

/** Where each event that says something new of a repository has the repository as it is now. */
const REPOSITORY_IN: Readonly<Record<string, string>> = {
  'repo:refs_changed': 'repository',
  'repo:modified': 'new',
};
/** Of a project key or a slug, in characters. */
export const LONGEST_NAME = 255;

/**
 * The repository that an event of Bitbucket is about, or `null`. The body may be anybody's: what it says of the place is
 * where to look, and Bitbucket's answer is what counts.
 *
 * @param key `X-Event-Key`
 */
export function repositoryIn(key: string, body: Buffer): Place | null {
  const member = Object.hasOwn(REPOSITORY_IN, key) ? REPOSITORY_IN[key] : undefined;
  if (member === undefined) return null;
  const event = objectOf(parsed(body));
  const repository = objectOf(event?.[member]) ?? objectOf(event?.repository);
  const sourceId = sourceIdOf(repository?.id);
  const slug = nameOf(repository?.slug);
  const projectKey = nameOf(objectOf(repository?.project)?.key);
  if (typeof sourceId === 'string' || slug === null || projectKey === null) return null;
  if (slug.length > LONGEST_NAME || projectKey.length > LONGEST_NAME) return null;
  return { sourceId, projectKey, slug };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
