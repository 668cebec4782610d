import { afterEach, describe, expect, it } from '@jest/globals';
import { createWorld } from '../../../sandbox/bitbucket/world.ts';
import type { Seen } from '../../../src/inventory/ledger/ledger.ts';
import {
  ALL,
  acceptWithout,
  asked,
  BOTH_PASSES,
  codeOf,
  NOW,
  REPOSITORIES_ONLY,
  SMALL,
  type Stage,
  setStage,
  sorted,
  strike,
  USERS_ONLY,
  visible,
} from './stage.ts';

afterEach(strike);

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
    expect(asked(stage, '/users')).toContain('/users?limit=500');
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
    expect(seen.skipped).toBe(0);
  });

  it.each([403, 404])('are all kept where /users answers %s after the other list', async (status) => {
    const stage = await setStage();
    const { length } = visible(stage.bitbucket.world).users;
    await stage.collect(USERS_ONLY).then((seen) => stage.stored(seen));
    stage.offerAll();
    stage.bitbucket.faults.add({ kind: 'status', status, match: '/bb/rest/api/1.0/users' });
    const seen = await stage.collect(USERS_ONLY);
    expect(seen).toMatchObject({ usersFrom: '/admin/users', users: length, skipped: 1 });
    const reason = status === 404 ? 'not-found' : 'not-permitted';
    expect(seen.skippedBy).toEqual({ [`users-list:${reason}`]: 1 });
    expect(stage.skips).toEqual([{ type: 'users-list', reason, what: 'the list /users' }]);
    expect(stage.gone(seen, 'user')).toEqual([]);
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

  it('is never everything: settings that fit no project fail the run', async () => {
    const stage = await setStage({ privacy: { includeProjects: ['PLATT'] } });
    await expect(stage.collect(REPOSITORIES_ONLY)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/^INCLUDE_PROJECTS and EXCLUDE_PROJECTS leave out all \d+ projects\.$/),
    });
    const none = await setStage({ privacy: { excludeProjects: ['*'] } });
    expect(await codeOf(none.collect())).toBe('CONFIG_INVALID');
  });

  it('is told when it fits no project, and the rest is read', async () => {
    const notes: string[] = [];
    const stage = await setStage({ privacy: { includeProjects: ['PLAT', 'PLATT', 'MOB*'] } });
    const seen = await stage.collect(REPOSITORIES_ONLY, { note: (text) => void notes.push(text) });
    expect(seen.repositories).toBeGreaterThan(0);
    expect(notes).toEqual(['INCLUDE_PROJECTS names PLATT, and no project fits it.']);
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
