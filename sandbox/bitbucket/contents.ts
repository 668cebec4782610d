import { type Answer, bare, json, text } from './answers.ts';
import { commitId, commitJson, commitRow, FILES, fileText } from './commits.ts';
import { userJson } from './entities.ts';
import { failed } from './errors.ts';
import { page } from './pages.ts';
import type { Repository } from './repositories.ts';
import { type Ask, get, manner, type Route } from './route.ts';
import { withRepository } from './sight.ts';

function branchHead(repository: Repository) {
  const branch = repository.defaultBranch;
  return { id: `refs/heads/${branch}`, displayId: branch, type: 'BRANCH' };
}

/** The configured branch, pushed or not: answers for an empty repository too. */
function configuredBranch(ask: Ask): Answer {
  return withRepository(ask, (repository) => json(200, branchHead(repository)));
}

/** 204 for an empty repository, 404 when the configured branch was never pushed. Old servers say `isDefault`. */
function pushedBranch(ask: Ask): Answer {
  return withRepository(ask, (repository) => {
    if (repository.empty) return bare(204);
    const head = branchHead(repository);
    if (repository.branchMissing) return failed('branch', `Branch ${head.id} does not exist.`);
    const tip = commitId(ask.site.world, repository, 0);
    const mark = ask.site.version[0] < 8 ? 'isDefault' : 'default';
    return json(200, { ...head, latestCommit: tip, latestChangeset: tip, [mark]: true });
  });
}

function noCommit(ref: string, repository: Repository): Answer {
  return failed('commit', `Commit '${ref}' does not exist in repository '${repository.slug}'.`);
}

function commits(ask: Ask): Answer {
  const { site, query } = ask;
  return withRepository(ask, (repository) => {
    const until = query.get('until') || `refs/heads/${repository.defaultBranch}`;
    const first = commitRow(site.world, repository, until);
    if (first === undefined) return noCommit(until, repository);
    const since = query.get('since');
    const end = since ? commitRow(site.world, repository, since) : repository.commits;
    if (end === undefined) return noCommit(since ?? '', repository);
    const path = query.get('path');
    const known =
      path === null || path === '' || FILES.some((file) => file === path && fileText(repository, file));
    const listing = {
      rows: { length: known ? Math.max(0, end - first) : 0, at: (row: number) => first + row },
      shown: (row: number) => !path || (row - first) % 5 === 0,
      write: (row: number) => commitJson(site.world, repository, row, (user) => userJson(site, user)),
    };
    const found = page(query, listing, manner(site, 'commits', { last: 'null' }));
    const counts =
      query.get('withCounts') === 'true' ? { authorCount: 1, totalCount: listing.rows.length } : {};
    return json(200, { ...found, ...counts });
  });
}

/** A file's bytes as they are, at the tip or at any commit of `at`. */
function raw(ask: Ask): Answer {
  return withRepository(ask, (repository) => {
    const ref = ask.query.get('at') || `refs/heads/${repository.defaultBranch}`;
    if (commitRow(ask.site.world, repository, ref) === undefined) return noCommit(ref, repository);
    const path = ask.params.path ?? '';
    const found = fileText(repository, path);
    if (found === undefined) return failed('path', `The path "${path}" does not exist at revision "${ref}"`);
    return text(200, 'text/plain;charset=UTF-8', found);
  });
}

/** The endpoints about what a repository holds. */
export const CONTENTS: readonly Route[] = [
  get('projects/:key/repos/:slug/default-branch', 'public', configuredBranch),
  get('projects/:key/repos/:slug/branches/default', 'public', pushedBranch),
  get('projects/:key/repos/:slug/commits', 'public', commits),
  get('projects/:key/repos/:slug/raw/*path', 'public', raw),
];
