import type { EntityName } from './openapi-facts.ts';

/** One call to the simulator and what Atlassian's document has for it. */
export interface Exchange {
  /** Below `/rest/api/latest`. */
  readonly call: string;
  /** The document's path below `/api/latest`; left out for what the document does not have. */
  readonly template?: string;
  readonly method?: 'GET' | 'POST';
  readonly status: number;
  readonly body: { readonly entity: EntityName } | { readonly page: EntityName } | 'none' | 'bytes';
  /** Default: the admin's. */
  readonly login?: string;
  readonly sent?: string;
}

const REPOSITORY = '/projects/{projectKey}/repos/{repositorySlug}';
const AT = '/projects/PLAT/repos';
const ERRORS = { entity: 'RestErrors' } as const;
const page = (entity: EntityName) => ({ page: entity }) as const;
const one = (entity: EntityName) => ({ entity }) as const;
const HOOK = '{"name":"snyk","url":"https://example.com/hook","events":["repo:refs_changed"],"active":true}';

/** Every endpoint in every status it has. Pages are asked for whole and in pieces. */
export const EXCHANGES: readonly Exchange[] = [
  {
    call: '/application-properties',
    template: '/application-properties',
    status: 200,
    body: one('RestApplicationProperties'),
  },
  {
    call: '/admin/rate-limit/settings',
    template: '/admin/rate-limit/settings',
    status: 200,
    body: one('RestRateLimitSettings'),
  },
  { call: '/users?limit=1000', template: '/users', status: 200, body: page('RestApplicationUser') },
  { call: '/users?limit=3&start=2', template: '/users', status: 200, body: page('RestApplicationUser') },
  { call: '/users', template: '/users', status: 401, body: ERRORS, login: 'admin:wrong' },
  {
    call: '/users/jane_example',
    template: '/users/{userSlug}',
    status: 200,
    body: one('RestApplicationUser'),
  },
  {
    call: '/users/access-token-user_1_77',
    template: '/users/{userSlug}',
    status: 200,
    body: one('RestApplicationUser'),
  },
  { call: '/users/nobody', template: '/users/{userSlug}', status: 404, body: ERRORS },
  { call: '/admin/users?limit=1000', template: '/admin/users', status: 200, body: page('RestDetailedUser') },
  { call: '/admin/users?limit=2', template: '/admin/users', status: 200, body: page('RestDetailedUser') },
  {
    call: '/admin/users',
    template: '/admin/users',
    status: 401,
    body: ERRORS,
    login: 'readonly:readonly-password',
  },
  { call: '/admin/groups', template: '/admin/groups', status: 200, body: page('RestDetailedGroup') },
  {
    call: '/admin/groups/more-members?context=developers&limit=4',
    template: '/admin/groups/more-members',
    status: 200,
    body: page('RestDetailedUser'),
  },
  { call: '/projects?limit=1', template: '/projects', status: 200, body: page('RestProject') },
  { call: '/projects', template: '/projects', status: 200, body: page('RestProject') },
  { call: '/projects/plat', template: '/projects/{projectKey}', status: 200, body: one('RestProject') },
  {
    call: '/projects/~JANE_EXAMPLE',
    template: '/projects/{projectKey}',
    status: 200,
    body: one('RestProject'),
  },
  { call: '/projects/VAULT', template: '/projects/{projectKey}', status: 401, body: ERRORS },
  { call: '/projects/NOPE', template: '/projects/{projectKey}', status: 404, body: ERRORS },
  {
    call: '/projects/PLAT/repos',
    template: '/projects/{projectKey}/repos',
    status: 200,
    body: page('RestRepository'),
  },
  { call: '/projects/NOPE/repos', template: '/projects/{projectKey}/repos', status: 404, body: ERRORS },
  { call: '/repos?archived=ALL&limit=1000', template: '/repos', status: 200, body: page('RestRepository') },
  { call: '/repos?limit=2', template: '/repos', status: 200, body: page('RestRepository') },
  { call: '/repos?visibility=secret', template: '/repos', status: 400, body: ERRORS },
  {
    call: '/projects/~JANE_EXAMPLE/repos/gateway',
    template: REPOSITORY,
    status: 200,
    body: one('RestRepository'),
  },
  { call: `${AT}/nope`, template: REPOSITORY, status: 404, body: ERRORS },
  { call: `${AT}/gateway/labels`, template: `${REPOSITORY}/labels`, status: 200, body: page('RestLabel') },
  {
    call: `${AT}/empty/default-branch`,
    template: `${REPOSITORY}/default-branch`,
    status: 200,
    body: one('RestMinimalRef'),
  },
  {
    call: `${AT}/gateway/branches/default`,
    template: `${REPOSITORY}/branches/default`,
    status: 200,
    body: one('RestBranch'),
  },
  {
    call: `${AT}/empty/branches/default`,
    template: `${REPOSITORY}/branches/default`,
    status: 204,
    body: 'none',
  },
  {
    call: `${AT}/unpushed/branches/default`,
    template: `${REPOSITORY}/branches/default`,
    status: 404,
    body: ERRORS,
  },
  {
    call: `${AT}/gateway/commits?limit=1000`,
    template: `${REPOSITORY}/commits`,
    status: 200,
    body: page('RestCommit'),
  },
  {
    call: `${AT}/monolith/commits?limit=9&withCounts=true`,
    template: `${REPOSITORY}/commits`,
    status: 200,
    body: page('RestCommit'),
  },
  { call: `${AT}/empty/commits`, template: `${REPOSITORY}/commits`, status: 404, body: ERRORS },
  {
    call: `${AT}/gateway/raw/catalog-info.yaml`,
    template: `${REPOSITORY}/raw/{path}`,
    status: 200,
    body: 'bytes',
  },
  {
    call: `${AT}/empty/raw/catalog-info.yaml`,
    template: `${REPOSITORY}/raw/{path}`,
    status: 404,
    body: ERRORS,
  },
  {
    call: `${AT}/gateway/webhooks`,
    template: `${REPOSITORY}/webhooks`,
    method: 'POST',
    sent: HOOK,
    status: 201,
    body: one('RestWebhook'),
  },
  {
    call: `${AT}/gateway/webhooks`,
    template: `${REPOSITORY}/webhooks`,
    status: 200,
    body: page('RestWebhook'),
  },
  { call: '/no/such/route', status: 404, body: ERRORS },
];
