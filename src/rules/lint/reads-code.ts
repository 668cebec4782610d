import pathToRegexp from 'path-to-regexp';
import { examplePaths } from '../example-path.ts';
import { Lookup } from '../lookup.ts';
import { parsePattern } from '../path-pattern.ts';
import { exponentialPath } from './slow-pattern.ts';

/** Calls of Bitbucket Server 7.21 to 9.4 that answer with the content of files; in braces what a call may choose. */
const CODE = [
  '/projects/{PRJ}/repos/{repo}/browse',
  '/projects/{PRJ}/repos/{repo}/browse/{file.txt}',
  '/projects/{PRJ}/repos/{repo}/browse/{dir}/{file.txt}',
  '/projects/{PRJ}/repos/{repo}/raw/{file.txt}',
  '/projects/{PRJ}/repos/{repo}/raw/{dir}/{file.txt}',
  '/projects/{PRJ}/repos/{repo}/archive',
  '/projects/{PRJ}/repos/{repo}/patch',
  '/projects/{PRJ}/repos/{repo}/diff',
  '/projects/{PRJ}/repos/{repo}/diff/{dir}/{file.txt}',
  '/projects/{PRJ}/repos/{repo}/compare/diff/{file.txt}',
  '/projects/{PRJ}/repos/{repo}/commits/{abc}/diff',
  '/projects/{PRJ}/repos/{repo}/pull-requests/{1}/diff',
  '/projects/{PRJ}/repos/{repo}/pull-requests/1.diff',
  '/projects/{PRJ}/repos/{repo}/pull-requests/1.patch',
  '/users/{jane}/repos/{repo}/raw/{dir}/{file.txt}',
  '/scm/{prj}/{repo}.git/info/refs',
];
/** The same by POST. */
const CODE_BY_POST = ['/scm/{prj}/{repo}.git/git-upload-pack', '/rest/search/{latest}/search'];
/** The same for their names only. */
const NAMES = [
  '/projects/{PRJ}/repos/{repo}/files',
  '/projects/{PRJ}/repos/{repo}/files/{dir}',
  '/projects/{PRJ}/repos/{repo}/changes',
  '/projects/{PRJ}/repos/{repo}/commits/{abc}/changes',
  '/projects/{PRJ}/repos/{repo}/compare/changes',
  '/projects/{PRJ}/repos/{repo}/pull-requests/{1}/changes',
  '/projects/{PRJ}/repos/{repo}/last-modified/{dir}',
];
const BASES = ['', '/rest/api/1.0', '/rest/api/latest'];

/** A word of those calls as a segment, or the start of one that goes on with a placeholder. */
const CODE_WORD =
  /(?:\/|%2f)(?:browse|raw|archive|patch|diff|snykgit|scm)(?:[/:*(%]|$)|\.git(?:\/|$|[:*(])|\.(?:diff|patch)$/i;
const POST_WORD = /git-upload-pack/i;
const NAMES_WORD = /(?:\/|%2f)(?:files|changes|last-modified)(?:[/:*(%]|$)/i;
/** Behind such a word, one file with a name of its own. */
const ONE_FILE = /\/(?:browse|raw)\/[^:*()?]+\.[^:*()?/]+$/i;

export type CodeReach = 'content' | 'one-file' | 'names' | null;

/**
 * What of a repository's files a path pattern may give away. It is taken to read content when its text has one of the
 * words of Bitbucket's calls that do (`browse`, `raw`, `archive`, `diff`, `patch`, `scm`, `.git`), or when it matches
 * one of these calls, so that a placeholder in the place of the word is found too; likewise for names. By POST only
 * what git itself and the search for code ask for.
 */
export function codeReach(path: string, method = 'GET'): CodeReach {
  const text = plainText(path);
  const matches = matcher(path);
  const byPost = () => (POST_WORD.test(text) || matches(CODE_BY_POST) ? 'content' : null);
  if (method === 'POST') return byPost();
  if (ONE_FILE.test(text)) return 'one-file';
  if (CODE_WORD.test(text) || matches(CODE)) return 'content';
  if (method === 'ANY' && byPost() !== null) return 'content';
  return NAMES_WORD.test(text) || matches(NAMES) ? 'names' : null;
}

/** A pattern with its escapes undone, those of URLs too, and `:` for each placeholder. */
function plainText(path: string): string {
  const tokens = pathToRegexp.parse(path);
  const text = tokens.map((token) =>
    typeof token === 'string' ? token : `${token.prefix}${token.asterisk ? '*' : ':'}`,
  );
  return text
    .join('')
    .replace(/%(?:2[de]|3\d|[46][1-9a-f]|[57][0-9a]|5f)/gi, (encoded) => decodeURIComponent(encoded));
}

/** Tests whether a pattern matches one of some calls, with its own words in the places that a call may choose. */
function matcher(path: string): (calls: readonly string[]) => boolean {
  if (exponentialPath(path)) return () => false;
  const lookup = new Lookup([parsePattern(path)]);
  const words = [[], ...examplePaths(path).map((example) => example.split('/'))];
  return (calls) =>
    calls.some((call) =>
      BASES.some((base) => {
        const segments = (base + call).split('/');
        return words.some(
          (own) => lookup.find(segments.map((one, at) => chosen(one, own[at])).join('/')) > 0,
        );
      }),
    );
}

/** A segment of a call, with a pattern's own word in the place of what may be chosen. */
const chosen = (segment: string, own: string | undefined): string =>
  /^\{.*\}$/.test(segment) && own !== undefined && own !== '' ? own : segment.replace(/[{}]/g, '');
