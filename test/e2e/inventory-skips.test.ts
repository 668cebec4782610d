import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { startTown, type Town } from './inventory-town.ts';
import { countsOf, heldBy, type Truth, truthOf } from './inventory-truth.ts';

const API = '/rest/api/1.0';
const WORLD = createWorld({ repositories: 20, users: 20 });
const REFUSED = {
  kind: 'status',
  status: 401,
  body: JSON.stringify({
    errors: [{ message: 'no', exceptionName: 'com.atlassian.bitbucket.AuthorisationException' }],
  }),
} as const;

let town: Town;
beforeAll(async () => {
  town = await startTown({ world: WORLD });
});
afterEach(() => town.bitbucket.faults.clear());
afterAll(() => town?.close());

type Raw = Record<string, unknown>;

/** From now on a list's one page has other values. */
async function spoil(list: string, change: (values: Raw[]) => unknown[]): Promise<void> {
  const { body } = await request(`${town.bitbucket.url}${API}${list}?limit=1000`, {
    headers: { authorization: 'Bearer agent-token', accept: 'application/json' },
  });
  const page = (await body.json()) as { values: Raw[] };
  const spoilt = JSON.stringify({ ...page, values: change(page.values) });
  const headers = { 'X-AUSERNAME': 'agent' };
  const match = `${API}${list}?`;
  town.bitbucket.faults.add({ match, kind: 'status', status: 200, body: spoilt, headers });
}

const final = () => town.held.batches.at(-1)?.final;
const truth = (): Truth => truthOf({ url: town.bitbucket.url, world: WORLD });

describe('what cannot be taken is counted, and the rest arrives', () => {
  it('users without name or id', async () => {
    const odd = (values: Raw[]) => [
      null,
      'user',
      ...values.map((user) => {
        if (user.name === 'no.mail') return { ...user, id: undefined };
        if (user.name === 'never.seen') return { ...user, name: '' };
        if (user.name === 'api-user') return { ...user, id: 'sixteen' };
        return user.name === 'lixiaolong' ? { ...user, name: undefined } : user;
      }),
    ];
    await spoil('/admin/users', odd);
    await spoil('/users', odd);
    const { code, output } = await town.sync();
    expect(code).toBe(0);
    const { users, repositories } = truth();
    const left = ['no.mail', 'never.seen', 'api-user', 'lixiaolong'];
    const good = Object.entries(users).filter(([, { username }]) => !left.includes(username));
    expect(heldBy(town.held)).toEqual({ users: Object.fromEntries(good), repositories });
    const [, skipped, reasons] = /^skipped +(\d+) \((.*)\)$/m.exec(output) ?? [];
    expect(reasons?.replaceAll(/ \d+/g, '').split(', ')).toEqual([
      'user:bad-id',
      'user:no-id',
      'user:no-name',
      'user:not-an-object',
    ]);
    expect(reasons).toContain('user:no-name 2');
    expect(final()).toEqual({ users: good.length, repositories: 17, skipped: Number(skipped) });
    expect(output).not.toMatch(/never\.seen|lixiaolong|no\.mail|Nilsson/);
  });

  it('all of them once Bitbucket is well', async () => {
    expect(await town.sync()).toMatchObject({ code: 0, output: expect.stringMatching(/^skipped +0$/m) });
    expect(heldBy(town.held)).toEqual(truth());
  });

  it('repositories without id, slug or project, in one list only', async () => {
    await spoil('/projects/PLAT/repos', (values) => [
      ...values,
      { slug: 'no-id', name: 'no-id' },
      { id: 900_001, name: 'no-slug', project: values[0]?.project },
      { id: 900_002, name: 'no-project', slug: 'no-project' },
    ]);
    const { code, output } = await town.sync();
    expect(code).toBe(0);
    expect(output).toMatch(
      /^skipped +3 \(repository:no-id 1, repository:no-project 1, repository:no-slug 1\)$/m,
    );
    expect(heldBy(town.held)).toEqual(truth());
    expect(final()).toMatchObject({ skipped: 3 });
  });

  it("a project's own list that is refused, while /repos has them all", async () => {
    town.bitbucket.faults.add({ ...REFUSED, match: `${API}/projects/PLAT/repos` });
    const { code, output } = await town.sync();
    expect(code).toBe(0);
    expect(output).toMatch(/^skipped: project PLAT \(not-permitted\)$/m);
    expect(output).toMatch(/^skipped +1 \(project:not-permitted 1\)$/m);
    expect(heldBy(town.held)).toEqual(truth());
    expect(final()).toEqual({ ...countsOf(truth()), skipped: 1 });
    expect(town.held.problems).toEqual([]);
  });
});
