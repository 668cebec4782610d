import type { Repository } from './repositories.ts';
import { hex } from './seed.ts';
import type { User } from './users.ts';
import type { World } from './world.ts';

const NEWEST = 1_718_020_800_000;
const TOPICS = ['parser', 'build', 'docs', 'retry loop', 'größere Tests', 'empty state'];

/** The files a repository holds; what `path` of the commits list and `raw` know. */
export const FILES = ['README.md', 'catalog-info.yaml'] as const;

/** The id of a commit; row 0 is the tip of the default branch. */
export function commitId(world: World, repository: Repository, row: number): string {
  return hex(40, world.seed, 'commit', repository.index, row);
}

/** A commit's author: the bare name and address, or the whole account when Bitbucket knows the address. */
function person(world: World, row: number, accountJson: (user: User) => Record<string, unknown>) {
  const user = world.users.at(row % world.users.length);
  if (row % 4 === 0 && user.email && !user.hidden) return accountJson(user);
  return { name: user.displayName, emailAddress: user.email ?? `${user.slug}@laptop.local` };
}

/** A commit as the commits list shows it. */
export function commitJson(
  world: World,
  repository: Repository,
  row: number,
  accountJson: (user: User) => Record<string, unknown>,
): Record<string, unknown> {
  const id = commitId(world, repository, row);
  const by = person(world, repository.index + row, accountJson);
  const parent = row + 1 < repository.commits ? commitId(world, repository, row + 1) : undefined;
  const at = NEWEST - repository.index * 60_000 - row * 7_200_000;
  return {
    id,
    displayId: id.slice(0, 11),
    author: by,
    authorTimestamp: at,
    committer: by,
    committerTimestamp: at,
    message: `Change the ${TOPICS[row % TOPICS.length]}\n\nStep ${repository.commits - row}`,
    parents: parent === undefined ? [] : [{ id: parent, displayId: parent.slice(0, 11) }],
  };
}

/** The row that a branch, a full ref or a commit id (8 digits or more) points to; `undefined` when there is none. */
export function commitRow(world: World, repository: Repository, ref: string): number | undefined {
  if (repository.empty) return undefined;
  const branch = repository.defaultBranch;
  if (!repository.branchMissing && [branch, `refs/heads/${branch}`, 'HEAD'].includes(ref)) return 0;
  if (!/^[0-9a-f]{8,40}$/.test(ref)) return undefined;
  for (let row = 0; row < repository.commits; row += 1) {
    if (commitId(world, repository, row).startsWith(ref)) return row;
  }
  return undefined;
}

/** A file's text at the tip; `undefined` when the repository has no such file. */
export function fileText(repository: Repository, path: string): string | undefined {
  if (repository.empty) return undefined;
  if (path === 'README.md') return `# ${repository.name}\n`;
  if (path !== 'catalog-info.yaml' || !repository.catalog) return undefined;
  return [
    'apiVersion: backstage.io/v1alpha1',
    'kind: Component',
    'metadata:',
    `  name: ${repository.slug}`,
    `  title: ${JSON.stringify(repository.name)}`,
    'spec:',
    '  type: service',
    '  owner: équipe-plateforme',
    '  lifecycle: production',
    '  system: shop',
    '',
  ].join('\n');
}
