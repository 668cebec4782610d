import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { allPages, parsed, wireCall } from './wire-call.ts';

const API = '/rest/api/1.0';
let bitbucket: Bitbucket;
let large: Bitbucket;

beforeAll(async () => {
  bitbucket = await startBitbucket();
  large = await startBitbucket({
    world: createWorld({ projects: 500, repositories: 100_000, users: 50_000 }),
  });
});
afterAll(() => Promise.all([bitbucket.close(), large.close()]));

describe('pages', () => {
  it('skip hidden rows, so nextPageStart is not start + limit', async () => {
    const first = parsed(await wireCall(bitbucket.url, `${API}/projects?limit=1`));
    expect(first).toMatchObject({ size: 1, limit: 1, start: 0, isLastPage: false, nextPageStart: 2 });
    const second = parsed(await wireCall(bitbucket.url, `${API}/projects?limit=1&start=2`));
    expect(second.values?.[0]?.key).toBe('OPEN');
  });

  it('give every visible row once, whatever the limit', async () => {
    const { world } = bitbucket;
    const rows = Array.from({ length: world.repositories.length }, (_, row) => world.repositories.at(row));
    const visible = rows.filter(({ hidden }) => !hidden).map(({ id }) => id);
    expect(visible.length).toBeLessThan(rows.length);
    for (const limit of [1, 7, 25, 1000]) {
      const pages = await allPages(bitbucket.url, `${API}/repos?archived=ALL&limit=${limit}`);
      expect(pages.flatMap(({ values = [] }) => values.map(({ id }) => id))).toEqual(visible);
      expect(pages.every(({ size, values }) => size === values?.length)).toBe(true);
    }
  });

  it('default to 25 and lower a limit above the cap without a word', async () => {
    expect(parsed(await wireCall(bitbucket.url, `${API}/repos`)).limit).toBe(25);
    expect(parsed(await wireCall(bitbucket.url, `${API}/users?limit=5000`)).limit).toBe(1000);
    const capped = await startBitbucket({ pageCaps: { repositories: 3 } });
    const page = parsed(await wireCall(capped.url, `${API}/repos?limit=100`));
    expect(page).toMatchObject({ limit: 3, size: 3, isLastPage: false });
    await capped.close();
  });

  it('leave nextPageStart out on the last page, or say null, by endpoint', async () => {
    const last = parsed(await wireCall(bitbucket.url, `${API}/users?limit=1000`));
    expect(last.isLastPage).toBe(true);
    expect('nextPageStart' in last).toBe(false);
    const groups = parsed(await wireCall(bitbucket.url, `${API}/admin/groups`));
    expect(groups).toMatchObject({ isLastPage: true, nextPageStart: null });
  });

  it('may be short and not the last: group members', async () => {
    const path = `${API}/admin/groups/more-members?context=developers&limit=5`;
    const pages = await allPages(bitbucket.url, path);
    expect(pages.some(({ size = 0, isLastPage }) => size < 5 && !isLastPage)).toBe(true);
    const { world } = bitbucket;
    const members = Array.from({ length: world.users.length }, (_, row) => world.users.at(row)).filter(
      (user) => !user.hidden && world.isMember('developers', user),
    );
    expect(pages.flatMap(({ values = [] }) => values.map(({ slug }) => slug))).toEqual(
      members.map(({ slug }) => slug),
    );
  });

  it('reach the end of 100,000 repositories and 50,000 users', async () => {
    const repositories = parsed(await wireCall(large.url, `${API}/repos?archived=ALL&start=99990&limit=100`));
    expect(repositories).toMatchObject({ isLastPage: true, start: 99_990 });
    expect(repositories.values?.at(-1)?.id).toBe(large.world.repositories.at(99_999).id);
    const users = parsed(await wireCall(large.url, `${API}/users?start=49000&limit=1000`));
    expect(users.values?.at(-1)?.name).toBe('user49999');
    const project = large.world.projects.at(400);
    const own = await allPages(large.url, `${API}/projects/${project.key}/repos?limit=50`);
    const expected = Array.from({ length: 100_000 }, (_, row) => row).filter((row) => {
      const repository = large.world.repositories.at(row);
      return repository.project === 400 && !repository.hidden;
    });
    expect(own.flatMap(({ values = [] }) => values.map(({ id }) => id))).toEqual(
      expected.map((row) => large.world.repositories.at(row).id),
    );
  });
});

describe('a world', () => {
  it('is the same for the same seed and another for another', () => {
    const json = (seed: number) => {
      const world = createWorld({ seed });
      return JSON.stringify([world.repositories.at(20), world.users.at(20), world.projects.at(2)]);
    };
    expect(json(1)).toBe(json(1));
    expect(json(1)).not.toBe(json(2));
  });

  it('finds every row again by its name', () => {
    const world = createWorld({ projects: 120, repositories: 900, users: 200 });
    for (let row = 0; row < world.users.length; row += 1) {
      const user = world.users.at(row);
      expect(world.userBySlug(user.slug)?.index).toBe(row);
      expect(world.userByName(user.name)?.index).toBe(row);
    }
    for (let row = 0; row < world.projects.length; row += 1) {
      expect(world.projectByKey(world.projects.at(row).key.toLowerCase())?.index).toBe(row);
    }
    for (let row = 0; row < world.repositories.length; row += 1) {
      const repository = world.repositories.at(row);
      const project = world.projects.at(repository.project);
      expect(world.repositoryBySlug(project, repository.slug)?.index).toBe(row);
    }
  });

  it('refuses a size that could not hold its awkward rows, and rows it has not', () => {
    expect(() => createWorld({ projects: 5 })).toThrow(RangeError);
    expect(() => createWorld().users.at(30)).toThrow(RangeError);
  });
});
