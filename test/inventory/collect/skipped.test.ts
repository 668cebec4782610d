import { afterEach, describe, expect, it } from '@jest/globals';
import { codeOf, PERMISSION, REPOSITORIES_ONLY, refusal, SMALL, setStage, strike, visible } from './stage.ts';

afterEach(strike);

describe('projects and records that cannot be taken', () => {
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

  it.each([
    401, 403, 404,
  ])('a project list that answers %s after its first page is a failure', async (status) => {
    const stage = await setStage({ pageCaps: SMALL });
    const match = ({ url }: { url: string }) =>
      url.includes('/projects/PLAT/repos') && url.includes('start=');
    stage.bitbucket.faults.add({ kind: 'status', status, body: PERMISSION, match });
    expect(await codeOf(stage.collect())).toBe('BITBUCKET_REFUSED');
  });

  it('what is told of them neither steers a terminal nor fills it', async () => {
    const stage = await setStage();
    const key = `../X\u001b[2J\n${'x'.repeat(5_000)}`;
    const body = JSON.stringify({ values: [{ key }], isLastPage: true });
    stage.bitbucket.faults.add({ kind: 'status', status: 200, body, match: '/bb/rest/api/1.0/projects?' });
    await stage.collect(REPOSITORIES_ONLY);
    const [skip] = stage.skips;
    expect(skip?.what).toMatch(/^project \.\.\/X\uFFFD\[2J\uFFFDx+…$/);
    expect(skip?.what).toHaveLength(200);
  });

  it('one that is nested without end is a failure, and no defect', async () => {
    const stage = await setStage();
    const deep = '['.repeat(50_000) + ']'.repeat(50_000);
    const body = `{"values":[{"id":1},{"name":${deep}},{"id":2}],"isLastPage":true}`;
    stage.bitbucket.faults.add({ kind: 'status', status: 200, body, match: '/bb/rest/api/1.0/repos' });
    expect(await codeOf(stage.collect())).toBe('PAGE_INVALID');
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
