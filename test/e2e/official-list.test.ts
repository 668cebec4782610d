import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import type { CallOptions } from '../../sandbox/caller.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { type AcceptFile, acceptFile } from './accept-file.ts';
import { enough, makeWorkplace } from './lone-agent.ts';

const CONTEXT = '/bitbucket';
const API = `${CONTEXT}/rest/api/1.0`;
const GATEWAY = '/projects/PLAT/repos/gateway';

const ADDRESS = { api: 'https://${BITBUCKET_API}', whole: 'https://${BITBUCKET}' };
const BASIC = { scheme: 'basic', username: '${BITBUCKET_USERNAME}', password: '${BITBUCKET_PASSWORD}' };
const TOKEN = { scheme: 'bearer', token: '${BITBUCKET_PAT}' };

/** Rules as operators of the official client write them: no ids, https origins without a scheme in the variable. */
function officialList(auth: typeof BASIC | typeof TOKEN) {
  const rule = (method: string, path: string, more: object = {}, origin = ADDRESS.api) => ({
    method,
    path,
    origin,
    auth,
    ...more,
  });
  return {
    public: [
      { '//': 'push and pull request events', method: 'POST', path: '/webhook/bitbucket-server/:webhookId' },
    ],
    private: [
      rule('GET', '/projects/:project'),
      { '//': 'used to list everything', ...rule('GET', '/repos') },
      rule('GET', '/projects/:project/repos/:repo'),
      rule('GET', '/projects/:project/repos/:repo/commits', {
        valid: [{ queryParam: 'until', values: ['refs/heads/*', 'main'] }],
      }),
      rule('GET', '/projects/:project/repos/:repo/raw/:file*/catalog-info.yaml'),
      rule('GET', '/projects/:project/repos/:repo/raw/:file(README|catalog-info).:kind(md|yaml)'),
      rule('GET', '/projects/:project/repos/:repo/browse*/package.json'),
      rule('GET', '/projects/:project/repos/:repo/browse*%2Fpackage.json'),
      rule('GET', '/users/:slug', { valid: [{ header: 'accept', values: ['application/json'] }] }),
      rule('get', '/rest/api/1.0/users', {}, ADDRESS.whole),
      rule('GET', '/rest/api/1.0/application-properties', {}, ADDRESS.whole),
      rule('GET', '/plugins/servlet/applinks/whoami', {}, ADDRESS.whole),
      rule('POST', '/projects/:project/repos/:repo/webhooks', {
        valid: [{ path: 'configuration.kind', value: 'snyk' }],
      }),
      rule('POST', '/projects/:project/repos/:repo/pull-requests/:id/comments', {
        valid: [
          { path: 'text', regex: '^snyk:' },
          { path: 'tasks.*.text', value: 'snyk' },
        ],
      }),
      rule('any', '/projects/:project/repos/:repo/labels/:label?'),
    ],
  };
}

/** A call and what must become of it: its target at Bitbucket, or the reason it has none. */
interface OfficialCall extends CallOptions {
  readonly path: string;
  readonly to?: string;
  readonly reason?: string;
}

const title = ({ method = 'GET', path, headers, body, to, reason }: OfficialCall) =>
  [method, path, headers?.accept, body, to === undefined ? `is refused: ${reason}` : 'is relayed']
    .filter(Boolean)
    .join(' ');

const CALLS: readonly OfficialCall[] = [
  { path: '/projects/PLAT', to: `${API}/projects/PLAT` },
  { path: '/PROJECTS/PLAT/', to: `${API}/PROJECTS/PLAT/` },
  { path: '/repos?limit=2', to: `${API}/repos?limit=2` },
  { path: GATEWAY, to: `${API}${GATEWAY}` },
  { path: `${GATEWAY}/commits?until=main`, to: `${API}${GATEWAY}/commits?until=main` },
  {
    path: `${GATEWAY}/commits?limit=1&until=refs%2Fheads%2Fmain`,
    to: `${API}${GATEWAY}/commits?limit=1&until=refs%2Fheads%2Fmain`,
  },
  { path: `${GATEWAY}/commits`, reason: 'valid-query' },
  { path: `${GATEWAY}/commits?until=refs/tags/v1`, reason: 'valid-query' },
  { path: `${GATEWAY}/commits?until=main&until=secret`, reason: 'valid-query' },
  { path: `${GATEWAY}/commits?until[]=main`, reason: 'valid-query' },
  { path: `${GATEWAY}/raw/catalog-info.yaml`, to: `${API}${GATEWAY}/raw/catalog-info.yaml` },
  { path: `${GATEWAY}/raw/a/b/catalog-info.yaml`, to: `${API}${GATEWAY}/raw/a/b/catalog-info.yaml` },
  { path: `${GATEWAY}/raw/README.md`, to: `${API}${GATEWAY}/raw/README.md` },
  { path: `${GATEWAY}/raw/secret.yaml`, reason: 'no-rule' },
  { path: `${GATEWAY}/browse/a/package.json`, to: `${API}${GATEWAY}/browse/a/package.json` },
  { path: `${GATEWAY}/browse/a%2Fpackage.json`, to: `${API}${GATEWAY}/browse/a%2Fpackage.json` },
  { path: `${GATEWAY}/browse/a%2F..%2Fpackage.json`, reason: 'dot-segment' },
  { path: '/users/admin', headers: { accept: 'application/json' }, to: `${API}/users/admin` },
  { path: '/users/admin', headers: { accept: 'text/html' }, reason: 'valid-header' },
  { path: '/rest/api/1.0/users?limit=1', to: `${API}/users?limit=1` },
  { path: '/rest/api/1.0/application-properties', to: `${API}/application-properties` },
  { path: '/plugins/servlet/applinks/whoami', to: `${CONTEXT}/plugins/servlet/applinks/whoami` },
  { path: '/rest/api/1.0/projects', reason: 'no-rule' },
  {
    method: 'POST',
    path: `${GATEWAY}/webhooks`,
    body: '{"configuration":{"kind":"snyk"}}',
    to: `${API}${GATEWAY}/webhooks`,
  },
  {
    method: 'POST',
    path: `${GATEWAY}/webhooks`,
    body: '{"configuration":{"kind":"other"}}',
    reason: 'valid-body',
  },
  {
    method: 'POST',
    path: `${GATEWAY}/pull-requests/1/comments`,
    body: '{"text":"snyk: hello"}',
    to: `${API}${GATEWAY}/pull-requests/1/comments`,
  },
  {
    method: 'POST',
    path: `${GATEWAY}/pull-requests/1/comments`,
    body: '{"text":"no","tasks":[{"text":"a"},{"text":"snyk"}]}',
    to: `${API}${GATEWAY}/pull-requests/1/comments`,
  },
  {
    method: 'POST',
    path: `${GATEWAY}/pull-requests/1/comments`,
    body: '{"text":"not snyk:"}',
    reason: 'valid-body',
  },
  { method: 'DELETE', path: `${GATEWAY}/labels/java`, to: `${API}${GATEWAY}/labels/java` },
  { path: `${GATEWAY}/labels`, to: `${API}${GATEWAY}/labels` },
  { method: 'DELETE', path: GATEWAY, reason: 'method' },
];

const withoutScheme = (url: string) => url.replace(/^http:\/\//, '');

/** How the same Bitbucket and the same rules may be given. */
const SET_UPS = [
  {
    how: 'BITBUCKET_URL and a JSON list',
    list: () => acceptFile(officialList(BASIC)),
    address: (url: string) => ({ BITBUCKET_URL: url }),
    authorization: `Basic ${Buffer.from('agent:agent-password').toString('base64')}`,
  },
  {
    how: 'BITBUCKET, BITBUCKET_API and INSECURE_DOWNSTREAM and a JSON list',
    list: () => acceptFile(officialList(BASIC)),
    address: (url: string) => ({
      BITBUCKET_URL: undefined,
      BITBUCKET: withoutScheme(url),
      BITBUCKET_API: '$BITBUCKET/rest/api/1.0',
      INSECURE_DOWNSTREAM: 'true',
    }),
    authorization: `Basic ${Buffer.from('agent:agent-password').toString('base64')}`,
  },
  {
    how: 'a YAML list and an access token',
    list: () => acceptFile(`# for the token\n${stringify(officialList(TOKEN))}`, 'accept.yaml'),
    address: (url: string) => ({
      BITBUCKET_URL: url,
      BITBUCKET_PAT: 'agent-token',
      BITBUCKET_USERNAME: undefined,
      BITBUCKET_PASSWORD: undefined,
    }),
    authorization: 'Bearer agent-token',
  },
];

describe.each(SET_UPS)('an official list for an http-only Bitbucket, by $how', (setUp) => {
  let list: AcceptFile;
  let stage: Stage;

  beforeAll(async () => {
    list = setUp.list();
    const port = await freePort();
    stage = await startStage({
      bitbucket: { port, contextPath: CONTEXT },
      agentEnv: {
        ...setUp.address(`http://127.0.0.1:${port}${CONTEXT}`),
        ALLOW_WRITES: 'true',
        ACCEPT: list.path,
      },
    });
  });
  afterAll(async () => {
    await stage?.close();
    list?.remove();
  });

  it.each(CALLS.map((call) => [title(call), call] as const))('%s', async (_title, call) => {
    const { path, to, reason, ...how } = call;
    for (const over of ['socket', 'stream'] as const) {
      const before = stage.bitbucket.requests.map(({ url }) => url);
      const answer = await stage.call(path, { ...how, over });
      const after = stage.bitbucket.requests.map(({ url }) => url);
      if (to === undefined) {
        expect(answer.status).toBe(401);
        expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'FILTER_BLOCKED', reason });
        expect(after).toEqual(before);
      } else {
        expect(after).toEqual([...before, to]);
        const seen = stage.bitbucket.requests.at(-1);
        expect(seen?.headers.authorization).toBe(setUp.authorization);
        await seen?.finished;
        expect(answer.status).toBe(seen?.status);
      }
    }
  });

  it('shows the server its rules, and no login in them', async () => {
    const { body } = await stage.broker.connectionStatus(stage.token);
    const shown = JSON.stringify(body.clients?.[0]?.filters);
    expect(shown).toContain('/projects/:project/repos/:repo/commits');
    expect(shown).toMatch(/\$\{BITBUCKET_(PASSWORD|PAT)\}/);
    expect(shown).not.toMatch(/agent-password|agent-token/);
  });
});

it("the official client's own list for user and password, with a token instead: one problem a variable", async () => {
  const official = dirname(createRequire(import.meta.url).resolve('snyk-broker/package.json'));
  const ACCEPT = join(official, 'dist/client-templates/bitbucket-server/accept.json.sample');
  const place = makeWorkplace();
  try {
    const { code, output } = await place.ended({ ...(await enough()), ACCEPT });
    expect(code).toBe(2);
    const reason = (name: string) =>
      `auth uses \${${name}}, which is not set; 116 rules use it (private rules 1, 2, 3, …)`;
    const example = (name: string) => `set ${name}, or use "auth": {"scheme": "bitbucket"}`;
    expect(output.trimEnd().split('\n')).toEqual([
      '2 problem(s) in the configuration:',
      ...['BITBUCKET_USERNAME', 'BITBUCKET_PASSWORD'].flatMap((name) => [
        `  ${ACCEPT}: ${reason(name)}`,
        `    for example: ${example(name)}`,
      ]),
    ]);
  } finally {
    await place.close();
  }
});
