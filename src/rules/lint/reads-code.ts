import { Lookup } from '../lookup.ts';
import { parsePattern } from '../path-pattern.ts';

/** Calls of Bitbucket Server 7.21 to 9.4 that answer with the content of files. */
const CODE = [
  '/projects/PRJ/repos/repo/browse',
  '/projects/PRJ/repos/repo/browse/dir/file.txt',
  '/projects/PRJ/repos/repo/raw/dir/file.txt',
  '/projects/PRJ/repos/repo/archive',
  '/projects/PRJ/repos/repo/patch',
  '/projects/PRJ/repos/repo/diff',
  '/projects/PRJ/repos/repo/diff/dir/file.txt',
  '/projects/PRJ/repos/repo/compare/diff/file.txt',
  '/projects/PRJ/repos/repo/commits/abc/diff',
  '/projects/PRJ/repos/repo/pull-requests/1/diff',
  '/projects/PRJ/repos/repo/pull-requests/1.diff',
  '/projects/PRJ/repos/repo/pull-requests/1.patch',
  '/users/jane/repos/repo/raw/dir/file.txt',
  '/scm/prj/repo.git/info/refs',
  '/scm/prj/repo.git/git-upload-pack',
];
/** The same for their names only. */
const NAMES = [
  '/projects/PRJ/repos/repo/files',
  '/projects/PRJ/repos/repo/files/dir',
  '/projects/PRJ/repos/repo/changes',
  '/projects/PRJ/repos/repo/commits/abc/changes',
  '/projects/PRJ/repos/repo/compare/changes',
  '/projects/PRJ/repos/repo/pull-requests/1/changes',
  '/projects/PRJ/repos/repo/last-modified/dir',
];
const BASES = ['', '/rest/api/1.0', '/rest/api/latest'];

/** A word of those calls as a segment, or the start of one that goes on with a placeholder. */
const CODE_WORD =
  /(?:\/|%2f)(?:browse|raw|archive|patch|diff|snykgit|scm)(?:[/:*(%]|$)|\.git(?:\/|$|[:*(])|\.(?:diff|patch)$/i;
const NAMES_WORD = /(?:\/|%2f)(?:files|changes|last-modified)(?:[/:*(%]|$)/i;
/** Behind such a word, one file with a name of its own. */
const ONE_FILE = /\/(?:browse|raw)\/[^:*()?]+\.[^:*()?/]+$/i;

export type CodeReach = 'content' | 'one-file' | 'names' | null;

/**
 * What of a repository's files a path pattern may give away. It is taken to read content when its text has one of the
 * words of Bitbucket's calls that do (`browse`, `raw`, `archive`, `diff`, `patch`, `scm`, `.git`), or when it matches
 * one of these calls, so that a placeholder in the place of the word is found too; likewise for names.
 */
export function codeReach(path: string): CodeReach {
  if (ONE_FILE.test(path)) return 'one-file';
  if (CODE_WORD.test(path)) return 'content';
  const lookup = new Lookup([parsePattern(path)]);
  const matches = (calls: readonly string[]) =>
    calls.some((call) => BASES.some((base) => lookup.find(base + call) > 0));
  if (matches(CODE)) return 'content';
  return NAMES_WORD.test(path) || matches(NAMES) ? 'names' : null;
}
