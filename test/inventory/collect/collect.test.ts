import { afterEach, describe, expect, it } from '@jest/globals';
import { createWorld } from '../../../sandbox/bitbucket/world.ts';
import type { Seen } from '../../../src/inventory/ledger/ledger.ts';
import { ALL, BOTH_PASSES, codeOf, NOW, type Stage, setStage, sorted, strike, visible } from './stage.ts';

afterEach(strike);

const SMALL = { users: 7, groups: 7, projects: 2, repositories: 4, commits: 3 };
const USERS_ONLY = { users: true, repositories: false, enrichment: false };
const REPOSITORIES_ONLY = { users: false, repositories: true, enrichment: false };

const asked = ({ bitbucket }: Stage, path: string): string[] =>
  bitbucket.requests
    .map(({ url }) => url.slice('/bb/rest/api/1.0'.length))
    .filter((url) => url.startsWith(path));

function expectWhole(stage: Stage, seen: Seen) {
  const world = visible(stage.bitbucket.world);
  const of = stage.stored(seen);
  expect(sorted(of('user').keys())).toEqual(sorted(world.users));
  expect(sorted(of('repository').keys())).toEqual(sorted(world.repositories.map(({ id }) => id)));
  expect(seen).toMatchObject({
    users: world.users.length,
    repositories: world.repositories.length,
    skipped: 0,
  });
  return { world, of };
}

describe('a run', () => {
  it.each([
    ['7.21.0', false],
    ['8.0.0', false],
    ['9.4.0', true],
    ['10.2.1', false],
    ['10.2.1', true],
  ])('stores exactly what there is: Bitbucket %s, personal projects listed: %s', async (version, listed) => {
    const world = createWorld({ projects: 30, repositories: 200, users: 90 });
    const stage = await setStage({ version, listPersonalProjects: listed, world, pageCaps: SMALL });
    const seen = await stage.collect();
    const { of } = expectWhole(stage, seen);
    expect(seen).toMatchObject({ skippedBy: {}, usersFrom: '/admin/users' });
    const kinds = [...of('repository').values()].map(({ scm_project: project, archived, state, fork }) => ({
      ...{ archived, state, fork },
      ...(project as object),
    }));
    expect(kinds).toContainEqual(expect.objectContaining({ type: 'PERSONAL' }));
    expect(kinds).toContainEqual(expect.objectContaining({ state: 'OFFLINE' }));
    expect(kinds).toContainEqual(expect.objectContaining({ fork: true }));
    expect(kinds.some(({ archived }) => archived)).toBe(version !== '7.21.0');
    expect(asked(stage, '/repos')[0]).toBe(
      version === '7.21.0' ? '/repos?limit=1000' : '/repos?archived=ALL&limit=1000',
    );
    expect(new Set(asked(stage, '/projects/').map((url) => url.split('/')[2])).size).toBe(
      visible(world).projects.length,
    );
  });

  it('stores what only a list of one project has, and what only the whole list has', async () => {
    const stage = await setStage();
    const { faults } = stage.bitbucket;
    const api = '/bb/rest/api/1.0';
    const body = JSON.stringify({ values: [], isLastPage: true });
    faults.add({ kind: 'status', status: 200, body, match: `${api}/repos` });
    faults.add({ kind: 'status', status: 200, body, match: `${api}/projects/PLAT/repos` });
    const seen = await stage.collect(REPOSITORIES_ONLY);
    const world = visible(stage.bitbucket.world);
    const plain = world.projects.flatMap(({ index, owner }) =>
      index === 0 || owner !== undefined ? [] : index,
    );
    const expected = world.repositories.filter(({ project }) => plain.includes(project));
    expect(sorted(stage.stored(seen)('repository').keys())).toEqual(sorted(expected.map(({ id }) => id)));
    faults.clear();
    faults.add({ kind: 'status', status: 200, body, match: `${api}/projects` });
    const { repositories } = await stage.collect(REPOSITORIES_ONLY);
    expect(repositories).toBe(world.repositories.length);
  });

  it('comes to its end within the rate limit', async () => {
    const stage = await setStage({ rateLimit: { capacity: 5, fillRate: 5, body: 'html' }, pageCaps: SMALL });
    expectWhole(stage, await stage.collect());
    expect(stage.budget.state().waitedMs).toBeGreaterThan(0);
  });

  it('outlives faults that pass', async () => {
    const stage = await setStage({ pageCaps: SMALL });
    const { faults } = stage.bitbucket;
    const later = (path: string) => (call: { url: string }) =>
      call.url.startsWith(`/bb/rest/api/1.0${path}`) && call.url.includes('start=');
    faults.add({ kind: 'status', status: 500, match: later('/repos'), times: 2 });
    faults.add({ kind: 'cut', framing: 'length', match: later('/repos'), times: 1 });
    faults.add({ kind: 'cut', framing: 'chunked', match: '/bb/rest/api/1.0/projects', times: 2 });
    faults.add({ kind: 'status', status: 503, match: later('/admin/users'), times: 4 });
    faults.add({ kind: 'refuse', match: '/bb/rest/api/1.0/users', times: 2 });
    faults.add({ kind: 'forced-gzip', match: '/bb/rest/api/1.0/projects/PLAT' });
    expectWhole(stage, await stage.collect());
  });

  it.each([
    ['a login page', { kind: 'login-page' }, 'PAGE_NOT_JSON'],
    ['a 500 that stays', { kind: 'status', status: 500 }, 'BITBUCKET_BUSY'],
    ['a 400', { kind: 'status', status: 400 }, 'BITBUCKET_REFUSED'],
    ['a redirect', { kind: 'redirect', status: 302, location: '/login' }, 'BITBUCKET_REFUSED'],
    ['garbage that says it is gzip', { kind: 'broken-gzip' }, 'PAGE_NOT_JSON'],
    ['bytes that are no text', { kind: 'not-utf8' }, 'PAGE_NOT_JSON'],
    ['pages that are always cut short', { kind: 'cut', framing: 'length' }, 'DOWNSTREAM_ERROR'],
    [
      'a page that is no page',
      { kind: 'status', status: 200, body: '{"values":{},"isLastPage":true}' },
      'PAGE_INVALID',
    ],
    [
      'pages without an end',
      { kind: 'status', status: 200, body: '{"values":[{"id":1}],"isLastPage":false,"nextPageStart":4}' },
      'PAGES_IN_CIRCLES',
    ],
  ] as const)('fails with %s in the middle of any list, and nothing runs on', async (_, fault, code) => {
    for (const path of ['/projects', '/repos', '/projects/PLAT/repos', '/admin/users', '/users']) {
      const stage = await setStage({ pageCaps: SMALL });
      stage.bitbucket.faults.add({
        ...fault,
        match: ({ url }) => url.startsWith(`/bb/rest/api/1.0${path}?`) && url.includes('start='),
      });
      const end = await codeOf(stage.collect());
      expect({ path, end }).toEqual({ path, end: code });
      expect(stage.budget.state()).toMatchObject({ inFlight: 0, waiting: 0 });
      await strike();
    }
  });

  it('fails where the login does not work', async () => {
    const stage = await setStage({ credentials: [{ username: 'admin', password: 'another' }] });
    const error = await stage.collect().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'BITBUCKET_REFUSED', status: 401 });
  });

  it('stops when it is told to, and says so', async () => {
    const stage = await setStage({ pageCaps: SMALL });
    const stop = new AbortController();
    stage.bitbucket.faults.add({
      kind: 'hang',
      match: ({ url }) => url.includes('/projects/PLAT/repos'),
    });
    const run = codeOf(stage.collect(ALL, { signal: stop.signal }));
    await stage.bitbucket.arrival(({ url }) => url.includes('/projects/PLAT/repos'));
    stop.abort();
    expect(await run).toBe('RUN_INTERRUPTED');
    expect(stage.budget.state()).toMatchObject({ inFlight: 0, waiting: 0 });
  });
});

describe('the users of a run', () => {
  it('come from /admin/users, service users from /users', async () => {
    const stage = await setStage({ pageCaps: SMALL });
    const users = stage.stored(await stage.collect(USERS_ONLY))('user');
    const known = [...users.values()];
    expect(known.filter(({ account_type: type }) => type === 'service')).toHaveLength(2);
    const humans = known.filter(({ account_type: type }) => type === 'human');
    expect(humans.some(({ last_authenticated_at: at }) => at !== null)).toBe(true);
    expect(asked(stage, '/users')[0]).toBe('/users?limit=500');
    expect(asked(stage, '/admin/users')[0]).toBe('/admin/users?limit=500');
    expect(asked(stage, '/repos')).toEqual([]);
  });

  it('all come from /users where the other list is not permitted', async () => {
    const stage = await setStage({ login: 'readonly' });
    const seen = await stage.collect();
    expect(seen.usersFrom).toBe('/users');
    expectWhole(stage, seen);
  });

  it.each([403, 404])('all come from /users where the other list answers %s', async (status) => {
    const stage = await setStage();
    stage.bitbucket.faults.add({ kind: 'status', status, match: '/bb/rest/api/1.0/admin/users' });
    const seen = await stage.collect(USERS_ONLY);
    expect(seen).toMatchObject({ usersFrom: '/users', users: visible(stage.bitbucket.world).users.length });
  });

  it.each([
    ['/users', '/admin/users'],
    ['/admin/users', '/users'],
  ] as const)('all come from %s where no rule allows %s', async (from, lacking) => {
    const stage = await setStage({ accept: acceptWithout(lacking) });
    const seen = await stage.collect(USERS_ONLY);
    expect(seen.usersFrom).toBe(from);
    expect(asked(stage, lacking)).toEqual([]);
  });

  it('are missed where neither list is permitted', async () => {
    const stage = await setStage();
    for (const path of ['/users', '/admin/users'])
      stage.bitbucket.faults.add({ kind: 'status', status: 403, match: `/bb/rest/api/1.0${path}` });
    expect(await codeOf(stage.collect(USERS_ONLY))).toBe('BITBUCKET_REFUSED');
  });

  it('are missed where the permission is lost in the middle of the list', async () => {
    const stage = await setStage({ pageCaps: SMALL });
    stage.bitbucket.faults.add({
      kind: 'status',
      status: 403,
      match: ({ url }) => url.includes('/admin/users') && url.includes('start='),
    });
    expect(await codeOf(stage.collect(USERS_ONLY))).toBe('BITBUCKET_REFUSED');
  });
});

describe('projects and records that cannot be taken', () => {
  const refusal = (name: string) => JSON.stringify({ errors: [{ message: 'No.', exceptionName: name }] });
  const PERMISSION = refusal('com.atlassian.bitbucket.AuthorisationException');

  it.each([
    [401, PERMISSION, 'project:not-permitted'],
    [403, refusal(''), 'project:not-permitted'],
    [404, refusal('com.atlassian.bitbucket.project.NoSuchProjectException'), 'project:not-found'],
  ])('a project list that answers %s is a counted skip', async (status, body, reason) => {
    const stage = await setStage();
    stage.bitbucket.faults.add({ kind: 'status', status, body, match: '/bb/rest/api/1.0/projects/PLAT/' });
    stage.bitbucket.faults.add({ kind: 'status', status, body, match: '/bb/rest/api/1.0/projects/~JANE' });
    const seen = await stage.collect();
    expect(seen).toMatchObject({ skipped: 2, skippedBy: { [reason]: 2 } });
    expect(seen.repositories).toBe(visible(stage.bitbucket.world).repositories.length);
    expect(stage.skips.map(({ what }) => what).sort()).toEqual(['a personal project', 'project PLAT']);
  });

  it('a project list that the login is refused for is a failure', async () => {
    const stage = await setStage();
    const body = refusal('');
    const match = '/bb/rest/api/1.0/projects/PLAT/';
    stage.bitbucket.faults.add({ kind: 'status', status: 401, body, match });
    expect(await codeOf(stage.collect())).toBe('BITBUCKET_REFUSED');
  });

  it('a record without id is counted once, though each list tells it differently', async () => {
    const stage = await setStage();
    const page = (value: object) => JSON.stringify({ values: [value], isLastPage: true });
    const user = { name: 'nobody', slug: 'nobody' };
    for (const [match, body] of [
      ['/bb/rest/api/1.0/admin/users', page({ ...user, directoryName: 'Internal' })],
      ['/bb/rest/api/1.0/users', page(user)],
    ] as const)
      stage.bitbucket.faults.add({ kind: 'status', status: 200, body, match });
    const { skipped, skippedBy } = await stage.collect({
      users: true,
      repositories: false,
      enrichment: false,
    });
    expect({ skipped, skippedBy }).toEqual({ skipped: 1, skippedBy: { 'user:no-id': 1 } });
  });

  it('an odd record is counted once, however many lists have it', async () => {
    const stage = await setStage();
    const page = (values: unknown[]) => JSON.stringify({ values, isLastPage: true });
    const broken = { id: 90, name: 'broken', project: { key: 'PLAT' } };
    const odd = page([{ name: 'no id', slug: 'x', project: { key: 'PLAT' } }, broken, 7, null]);
    for (const match of ['/bb/rest/api/1.0/repos', '/bb/rest/api/1.0/projects/PLAT/'])
      stage.bitbucket.faults.add({ kind: 'status', status: 200, body: odd, match });
    const users = page([{ id: 3 }, { id: 4, name: 'four', slug: 'four' }, { name: 'nobody' }]);
    for (const match of ['/bb/rest/api/1.0/users', '/bb/rest/api/1.0/admin/users'])
      stage.bitbucket.faults.add({ kind: 'status', status: 200, body: users, match });
    const projects = page([{ key: 'PLAT' }, { key: '' }, { id: 5 }, { key: 'A/B' }, { key: '..' }]);
    const match = '/bb/rest/api/1.0/projects?';
    stage.bitbucket.faults.add({ kind: 'status', status: 200, body: projects, match });
    const seen = await stage.collect();
    expect(seen).toMatchObject({ users: 1, repositories: 0, skipped: 10 });
    expect(seen.skippedBy).toMatchObject({ 'project:no-key': 2, 'project:odd-key': 2 });
    expect(Object.values(seen.skippedBy).reduce((sum, count) => sum + count)).toBe(10);
    expect(stage.skips).toHaveLength(10);
  });
});

it('what was known of an odd record is not taken for gone', async () => {
  const stage = await setStage();
  const { size } = stage.stored(await stage.collect())('user');
  const page = JSON.stringify({ values: [{ id: 3 }, { id: 5, name: 'five' }], isLastPage: true });
  for (const match of ['/bb/rest/api/1.0/users', '/bb/rest/api/1.0/admin/users'])
    stage.bitbucket.faults.add({ kind: 'status', status: 200, body: page, match });
  stage.offerAll();
  const seen = await stage.collect();
  expect(seen).toMatchObject({ users: 1, skippedBy: { 'user:no-name': 1 } });
  stage.ledger.collected(seen);
  const gone = stage.ledger.pending(1_000).filter(({ type, record }) => type === 'user' && record === null);
  expect(gone).toHaveLength(size - 2);
  expect(gone.map(({ sourceId }) => sourceId)).not.toContain(3);
});

describe('what the operator leaves out', () => {
  it('is not asked for and not stored', async () => {
    const stage = await setStage({ privacy: { excludeProjects: ['plat', '~*'] } });
    const seen = await stage.collect(REPOSITORIES_ONLY);
    const { projects, repositories } = visible(stage.bitbucket.world);
    const kept = projects
      .filter(({ key }) => key !== 'PLAT' && !key.startsWith('~'))
      .map(({ index }) => index);
    const expected = repositories.filter(({ project }) => kept.includes(project));
    expect(sorted(stage.stored(seen)('repository').keys())).toEqual(sorted(expected.map(({ id }) => id)));
    expect(asked(stage, '/projects/PLAT')).toEqual([]);
    expect(asked(stage, '/projects/~')).toEqual([]);
    expect(seen.skipped).toBe(0);
  });

  it('is all but what is included', async () => {
    const stage = await setStage({ privacy: { includeProjects: ['MOB_*'] } });
    const seen = await stage.collect(REPOSITORIES_ONLY);
    const names = [...stage.stored(seen)('repository').values()].map(({ full_name: name }) => String(name));
    expect(names.length).toBeGreaterThan(0);
    expect(names.every((name) => name.startsWith('MOB_2/'))).toBe(true);
    expect(new Set(asked(stage, '/projects/'))).toEqual(new Set(['/projects/MOB_2/repos?limit=1000']));
  });
});

describe('a base run', () => {
  it('keeps the enrichment of earlier runs', async () => {
    const stage = await setStage();
    await stage.collect(BOTH_PASSES);
    await stage.enrich();
    const { world } = stage.bitbucket;
    const first = stage.stored(await stage.collect(REPOSITORIES_ONLY))('repository');
    const gateway = first.get(world.repositories.at(0).id);
    expect(gateway).toMatchObject({ default_branch_name: 'main', labels: ['java', 'tier-1'] });
    expect(Date.parse(String(gateway?.last_commit_at))).toBeLessThan(NOW);
    expect(gateway?.repository_freshness).toBe('active');
  });
});

/** The shipped list's rules on the REST API, without one. */
function acceptWithout(lacking: string): string {
  const paths = ['/admin/users', '/users', '/projects', '/projects/:projectKey/repos', '/repos'];
  const rules = paths
    .filter((path) => path !== lacking)
    .map((path) => ({ path, origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bitbucket' } }));
  return JSON.stringify({ private: rules });
}
