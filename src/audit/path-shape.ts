/** After these words comes a name of its own; in Bitbucket's REST API and in webhooks. */
const NAMED: Readonly<Record<string, string>> = {
  projects: '{project}',
  repos: '{repository}',
  users: '{user}',
  commits: '{commit}',
  'pull-requests': '{number}',
  'bitbucket-server': '{id}',
};
/** After these comes a path of the repository, as far as the URL goes. */
const TREES = new Set(['browse', 'raw', 'files', 'last-modified']);
/** Numbers, UUIDs, hashes, encoded names, addresses, long texts. */
const ID = /^\d+$|^[0-9a-f-]{12,}$|[%@]|^~|.{41}/i;
const MOST_SEGMENTS = 12;

/** A path with its ids and names taken out, so that calls of one kind count as one: `/projects/{project}/repos`. */
export function pathShape(path: string): string {
  const shape: string[] = [];
  let before = '';
  for (const segment of path.split('/', MOST_SEGMENTS + 1)) {
    if (TREES.has(before) || shape.length === MOST_SEGMENTS) {
      shape.push('{path}');
      break;
    }
    const named = Object.hasOwn(NAMED, before) && segment !== '' ? NAMED[before] : undefined;
    shape.push(named ?? (ID.test(segment) ? '{id}' : segment));
    before = segment;
  }
  return shape.join('/');
}
