import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Rule {
  readonly method: string;
  readonly path: string;
  readonly origin: string;
  readonly auth?: unknown;
}

interface AcceptList {
  readonly public: readonly unknown[];
  readonly private: readonly Rule[];
}

const OFFICIAL = 'snyk-broker/dist/client-templates/bitbucket-server/accept.json.sample';
const OURS = new URL('../config/accept/bitbucket-server.json', import.meta.url);
const REPOSITORY = '/projects/:project/repos/:repo';
const AUTH = { scheme: 'basic', username: '${BITBUCKET_USERNAME}', password: '${BITBUCKET_PASSWORD}' };

/**
 * The accept list of all contenders, 130 rules: the 117 that snyk-broker 5.22.14 has for Bitbucket Server, and in their
 * middle those that the inventory needs beside them, with three that read files. So a rule that is measured is neither the
 * first nor the last. Only `https` is made `http`.
 *
 * @param bitbucketUrl where Bitbucket is, without a path
 */
export function acceptListFor(bitbucketUrl: string): string {
  const { private: rules, ...rest } = readList(createRequire(import.meta.url).resolve(OFFICIAL));
  const known = new Set(rules.map(shapeOf));
  const ours = readList(OURS).private.filter(
    (rule) => !known.has(shapeOf(rule)) && !rule.origin.startsWith('agent:'),
  );
  const files = ['archive', 'raw/*', 'diff/*'].map((end) => ({
    method: 'GET',
    path: `${REPOSITORY}/${end}`,
  }));
  const added = [...ours, ...files].map(({ method, path }) => {
    return { method, path, origin: 'https://${BITBUCKET_API}', auth: AUTH };
  });
  const middle = Math.floor(rules.length / 2);
  const host = new URL(bitbucketUrl).host;
  return JSON.stringify({ ...rest, private: rules.toSpliced(middle, 0, ...added) })
    .replaceAll('https://', 'http://')
    .replaceAll('${BITBUCKET_API}', `${host}/rest/api/1.0`)
    .replaceAll('${BITBUCKET}', host)
    .replaceAll('${GIT_CLIENT_URL}', bitbucketUrl);
}

function readList(place: string | URL): AcceptList {
  return JSON.parse(readFileSync(place, 'utf8'));
}

/** Equal of two rules that fit the same calls. */
const shapeOf = ({ method, path, origin }: Rule): string =>
  `${method} ${origin} ${path.replaceAll(/:\w+/g, ':')}`;
