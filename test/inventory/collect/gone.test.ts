import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ALL,
  asked,
  codeOf,
  REPOSITORIES_ONLY,
  type Stage,
  setStage,
  sorted,
  strike,
  USERS_ONLY,
} from './stage.ts';

afterEach(strike);

it('what was known of an odd record is not taken for gone', async () => {
  const stage = await setStage();
  const { size } = stage.stored(await stage.collect())('user');
  const page = JSON.stringify({ values: [{ id: 3 }, { id: 5, name: 'five' }], isLastPage: true });
  for (const match of ['/bb/rest/api/1.0/users', '/bb/rest/api/1.0/admin/users'])
    stage.bitbucket.faults.add({ kind: 'status', status: 200, body: page, match });
  stage.offerAll();
  const seen = await stage.collect();
  expect(seen).toMatchObject({ users: 2, skippedBy: { 'user:no-name': 1 } });
  const gone = stage.gone(seen, 'user');
  expect(gone).toHaveLength(size - 2);
  expect(gone).not.toContain(3);
});

describe.each([
  ['user', ['/users', '/admin/users'], { name: 'x', slug: 'x' }],
  ['repository', ['/repos', '/projects/'], { name: 'x', slug: 'x', project: { key: 'PLAT' } }],
] as const)('a %s', (type, lists, fields) => {
  /** What a run says is gone after one that saw all, when the lists have nothing but this value. */
  async function goneAfter(value: (some: number) => unknown) {
    const stage = await setStage();
    const known = stage.stored(await stage.collect())(type);
    stage.offerAll();
    const [some = 0] = known.keys();
    const body = JSON.stringify({ values: [value(some)], isLastPage: true });
    for (const list of lists)
      stage.bitbucket.faults.add({ kind: 'status', status: 200, body, match: `/bb/rest/api/1.0${list}` });
    const seen = await stage.collect();
    return { seen, some, known: sorted(known.keys()), gone: stage.gone(seen, type) };
  }
  const plural = type === 'user' ? 'users' : 'repositories';

  it.each([
    ['has none', undefined],
    ['has one that is no number', 'abc'],
    ['has half a number', 1.5],
    ['has a number below all', -3],
    ['has a number beyond all', 1e300],
  ])('whose id cannot be read may be any: nothing is gone. It %s', async (_, id) => {
    const { seen, known, gone } = await goneAfter(() => ({ ...fields, id }));
    expect(gone).toEqual([]);
    expect(seen).toMatchObject({ [plural]: known.length, skipped: 1 });
  });

  it('that is no object may be any', async () => {
    expect((await goneAfter(() => 7)).gone).toEqual([]);
  });

  it('whose id is a text is that one', async () => {
    const { seen, some, known, gone } = await goneAfter((id) => ({ ...fields, id: String(id) }));
    expect(gone).toEqual(known.filter((id) => id !== some));
    expect(seen).toMatchObject({ [plural]: 1, skipped: 1 });
  });
});

describe('what a run has not seen', () => {
  const listed = (values: readonly unknown[], nextPageStart?: number) =>
    JSON.stringify({ values, isLastPage: nextPageStart === undefined, nextPageStart });

  /** A stage on which a run has stored all and a receiver has it. */
  async function known(scope: typeof ALL) {
    const stage = await setStage();
    stage.stored(await stage.collect(scope));
    stage.offerAll();
    stage.bitbucket.requests.length = 0;
    return stage;
  }

  it('is looked for again: a user who left moved the others over the end of a page', async () => {
    const stage = await known(USERS_ONLY);
    const { body: all } = await whole(stage, '/users?limit=1000');
    const match = (path: string) => `/bb/rest/api/1.0${path}`;
    const { faults } = stage.bitbucket;
    faults.add({ kind: 'status', status: 403, match: match('/admin/users') });
    const pages = [listed(all.slice(0, 10), 10), listed(all.slice(11))];
    for (const [index, body] of pages.entries()) {
      const path = index === 0 ? '/users?limit=500' : '/users?limit=500&start=10';
      const only = ({ url }: { url: string }) => url === match(path);
      faults.add({ kind: 'status', status: 200, body, match: only, times: 1 });
    }
    const seen = await stage.collect(USERS_ONLY);
    expect(seen).toMatchObject({ users: all.length, skipped: 0, usersFrom: '/users' });
    expect(stage.gone(seen, 'user')).toEqual([]);
  });

  it('is looked for again: a repository moved while the lists were walked', async () => {
    const stage = await known(REPOSITORIES_ONLY);
    const { body: all } = await whole(stage, '/repos?archived=ALL&limit=1000');
    const moved = all.find(({ project }) => project.key === 'PLAT') as (typeof all)[0];
    const others = all.filter((one) => one !== moved);
    const { faults } = stage.bitbucket;
    for (const [path, values] of [
      ['/repos?', others],
      ['/projects/PLAT/repos?', others.filter(({ project }) => project.key === 'PLAT')],
    ] as const) {
      const match = `/bb/rest/api/1.0${path}`;
      faults.add({ kind: 'status', status: 200, body: listed(values), match, times: 1 });
    }
    const heard: unknown[] = [];
    const seen = await stage.collect(REPOSITORIES_ONLY, { progress: (event) => void heard.push(event) });
    expect(seen).toMatchObject({ repositories: all.length, skipped: 0 });
    expect(asked(stage, '/repos')).toHaveLength(2);
    expect(heard.at(-1)).toEqual({ stage: 'repositories', done: all.length, total: null });
    expect(stage.gone(seen, 'repository')).toEqual([]);
  });

  it('is gone when it is not found then', async () => {
    const stage = await known(ALL);
    const { body: users } = await whole(stage, '/users?limit=1000');
    const { body: repositories } = await whole(stage, '/repos?archived=ALL&limit=1000');
    const { faults } = stage.bitbucket;
    for (const [path, values] of [
      ['/repos', repositories.slice(1)],
      ['/projects/', []],
      ['/users?limit=500', users.slice(1)],
      ['/admin/users', []],
    ] as const) {
      const match = `/bb/rest/api/1.0${path}`;
      faults.add({ kind: 'status', status: 200, body: listed(values), match });
    }
    const seen = await stage.collect();
    expect(seen).toMatchObject({ users: users.length - 1, repositories: repositories.length - 1 });
    expect(stage.gone(seen, 'user')).toEqual([users[0]?.id]);
  });

  it('is not looked for when there is nothing', async () => {
    const stage = await known(ALL);
    await stage.collect();
    expect(asked(stage, '/repos')).toHaveLength(1);
    expect(asked(stage, '/users?limit=500')).toHaveLength(1);
  });

  it('fails the run when the second look fails', async () => {
    for (const [path, scope] of [
      ['/repos', REPOSITORIES_ONLY],
      ['/users?limit=500', USERS_ONLY],
    ] as const) {
      const stage = await known(scope);
      const match = `/bb/rest/api/1.0${path}`;
      for (const list of [match, '/bb/rest/api/1.0/projects/', '/bb/rest/api/1.0/admin'])
        stage.bitbucket.faults.add({ kind: 'status', status: 200, body: listed([]), match: list, times: 1 });
      stage.bitbucket.faults.add({ kind: 'status', status: 403, match });
      expect(await codeOf(stage.collect(scope))).toBe('BITBUCKET_REFUSED');
      await strike();
    }
  });
});

interface Listed {
  readonly id: number;
  readonly project: { readonly key: string };
}

/** All values of a list, as the healthy server gives them; the call leaves no trace. */
async function whole({ calls, bitbucket }: Stage, url: string): Promise<{ body: readonly Listed[] }> {
  const reply = await calls.get(url);
  bitbucket.requests.length = 0;
  return { body: (reply.value as { values: readonly Listed[] }).values };
}
