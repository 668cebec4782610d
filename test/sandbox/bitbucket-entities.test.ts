import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { parsed, type WireCall, wireCall } from './wire-call.ts';

const API = '/rest/api/1.0';
let bitbucket: Bitbucket;
let old: Bitbucket;

beforeAll(async () => {
  bitbucket = await startBitbucket({ contextPath: '/bitbucket' });
  old = await startBitbucket({ version: '7.21.0' });
});
afterAll(() => Promise.all([bitbucket.close(), old.close()]));

const read = async (path: string, call?: WireCall) => parsed(await wireCall(bitbucket.url, API + path, call));
const status = async (path: string, call?: WireCall) =>
  (await wireCall(bitbucket.url, API + path, call)).status;

describe('repositories', () => {
  it('a fork carries its whole origin and its hierarchy, a repository that is none has no origin', async () => {
    const fork = await read('/projects/~JANE_EXAMPLE/repos/gateway');
    const parent = await read('/projects/PLAT/repos/gateway');
    expect(fork.origin).toEqual(parent);
    expect(fork.hierarchyId).toBe(parent.hierarchyId);
    expect('origin' in parent).toBe(false);
  });

  it('a personal project has an owner and no public key, and links to its user', async () => {
    const project = await read('/projects/~jane_example');
    expect(project).toMatchObject({
      key: '~JANE_EXAMPLE',
      type: 'PERSONAL',
      owner: { slug: 'jane_example' },
    });
    expect('public' in project).toBe(false);
    expect(JSON.stringify(project.links)).toContain('/bitbucket/users/jane_example');
  });

  it('archived ones are left out of /repos unless asked for, and have no such key before 8.0', async () => {
    const slugs = async (query: string) =>
      (await read(`/repos?limit=1000${query}`)).values?.map(({ slug }) => slug);
    expect(await slugs('')).not.toContain('attic');
    expect(await slugs('&archived=ARCHIVED')).toContain('attic');
    expect(await slugs('&archived=ARCHIVED')).not.toContain('gateway');
    expect(await slugs('&archived=ALL')).toEqual(expect.arrayContaining(['attic', 'gateway']));
    const before = parsed(await wireCall(old.url, `${API}/repos?limit=1000&archived=ARCHIVED`));
    expect(before.values?.map(({ slug }) => slug)).toEqual(expect.arrayContaining(['attic', 'gateway']));
    expect(before.values?.some((repository) => 'archived' in repository)).toBe(false);
  });

  it('the filters of /repos keep what they say, and a word that is none is 400', async () => {
    const of = async (query: string) => (await read(`/repos?limit=1000&archived=ALL&${query}`)).values ?? [];
    expect((await of('visibility=public')).every((found) => found.public === true)).toBe(true);
    expect((await of('state=INITIALISING')).map(({ slug }) => slug)).toEqual(['being-born']);
    expect((await of('projectkey=plat')).every(({ slug }) => slug !== 'my-first-app')).toBe(true);
    expect((await of('name=SCRIPT')).map(({ name }) => name)).toEqual(['<script>alert(1)</script>']);
    expect(await status('/repos?archived=PERHAPS')).toBe(400);
    expect(await status('/repos?state=OFFLINE')).toBe(400);
  });

  it('clone links come in either order, sometimes without ssh, sometimes with the caller in them', async () => {
    const links = async (path: string) =>
      (await read(path)).links as { clone: { name: string; href: string }[] };
    const names = async (path: string) => (await links(path)).clone.map(({ name }) => name);
    expect(await names('/projects/PLAT/repos/gateway')).toEqual(['ssh', 'http']);
    expect(await names('/projects/PLAT/repos/script-alert-1-script')).toEqual(['http', 'ssh']);
    expect(await names('/projects/MOB_2/repos/my-first-app')).toEqual(['http']);
    const named = (await links('/projects/OPEN/repos/lib.core_2')).clone.find(({ name }) => name === 'http');
    expect(named?.href).toContain('//agent@127.0.0.1');
  });

  it('an empty one has a configured branch, no pushed branch and no commits', async () => {
    expect(await status('/projects/PLAT/repos/empty/default-branch')).toBe(200);
    const pushed = await wireCall(bitbucket.url, `${API}/projects/PLAT/repos/empty/branches/default`);
    expect([pushed.status, pushed.body.length]).toEqual([204, 0]);
    const commits = await wireCall(bitbucket.url, `${API}/projects/PLAT/repos/empty/commits`);
    expect([commits.status, parsed(commits).errors?.[0]?.exceptionName]).toEqual([
      404,
      'com.atlassian.bitbucket.commit.NoSuchCommitException',
    ]);
    expect(await status('/projects/PLAT/repos/unpushed/branches/default')).toBe(404);
  });

  it('commits hang together from the tip to the root', async () => {
    const page = await read('/projects/PLAT/repos/gateway/commits?limit=1000');
    const commits = page.values ?? [];
    const tip = await read('/projects/PLAT/repos/gateway/branches/default');
    expect(commits[0]?.id).toBe(tip.latestCommit);
    for (const [row, commit] of commits.entries()) {
      const parents = (commit.parents as { id: string }[]).map(({ id }) => id);
      expect(parents).toEqual(row + 1 < commits.length ? [commits[row + 1]?.id] : []);
    }
    const second = await read(`/projects/PLAT/repos/gateway/commits?limit=1&until=${commits[1]?.id}`);
    expect(second.values?.[0]?.id).toBe(commits[1]?.id);
    expect((await read('/projects/PLAT/repos/gateway/commits?path=no/such/file')).size).toBe(0);
  });

  it('some hold a catalog file, served as raw bytes', async () => {
    const found = await wireCall(bitbucket.url, `${API}/projects/PLAT/repos/gateway/raw/catalog-info.yaml`);
    expect(found.headers['content-type']).toBe('text/plain;charset=UTF-8');
    expect(found.body.toString('utf8')).toContain('équipe-plateforme');
    expect(await status('/projects/PLAT/repos/monolith/raw/catalog-info.yaml')).toBe(404);
  });
});

describe('users', () => {
  it('a service user has slashes in its name, none in its slug, and no address', async () => {
    const user = await read('/users/access-token-user_2_1405');
    expect(user).toMatchObject({ name: 'access-token-user/2/1405', type: 'SERVICE' });
    expect('emailAddress' in user).toBe(false);
    expect((await read('/users/access-token-user_1_77')).emailAddress).toBeNull();
  });

  it('inactive ones are listed; who never logged in has no time; the filter looks at names and addresses', async () => {
    const users = (await read('/admin/users?limit=1000')).values ?? [];
    expect(users.find(({ name }) => name === 'left.behind')?.active).toBe(false);
    expect('lastAuthenticationTimestamp' in (users.find(({ name }) => name === 'never.seen') ?? {})).toBe(
      false,
    );
    expect(users.some(({ name }) => name === 'removed.user')).toBe(false);
    expect((await read('/users?filter=LEFT.BEHIND@')).values?.map(({ name }) => name)).toEqual([
      'left.behind',
    ]);
    expect(await status('/users/removed.user')).toBe(404);
  });
});

describe('routes', () => {
  it('are the same under /1.0 and /latest, and only below the context path', async () => {
    const one = await wireCall(bitbucket.url, `${API}/projects/PLAT`);
    const two = await wireCall(bitbucket.url, '/rest/api/latest/projects/plat');
    expect(two.body).toEqual(one.body);
    const outside = await wireCall(new URL(bitbucket.url).origin, `${API}/projects/PLAT`);
    expect([outside.status, outside.headers['content-type']]).toEqual([404, 'text/html;charset=utf-8']);
  });

  it('an unknown one is 404 without an exception, a wrong Accept 406 without a body', async () => {
    const unknown = await wireCall(bitbucket.url, `${API}/definitely-not-there`);
    expect([unknown.status, parsed(unknown).errors?.[0]?.exceptionName]).toEqual([404, null]);
    const wrong = await wireCall(bitbucket.url, `${API}/projects`, { headers: { accept: 'text/csv' } });
    expect([wrong.status, wrong.body.length]).toEqual([406, 0]);
  });

  it('understand a target as Tomcat does, and record it as it came', async () => {
    const escaped = `${API}/projects/PLAT/repos/gateway/%2e%2e/..;x=1/../VAULT/../../users/jane_example`;
    const { slug } = await read(escaped.slice(API.length));
    expect(slug).toBe('jane_example');
    expect(bitbucket.requests.at(-1)?.url).toBe(`/bitbucket${escaped}`);
    expect(await status('/projects/PLAT%2Frepos')).toBe(400);
    expect(await status('/projects/%ff')).toBe(400);
  });

  it('writes: a webhook is 201 and listed afterwards, for admins only; a comment is 201', async () => {
    const path = '/projects/PLAT/repos/gateway/webhooks';
    const hook = { name: 'snyk', url: 'https://example.com/hook', events: ['repo:refs_changed'] };
    const write = {
      method: 'POST',
      body: JSON.stringify(hook),
      headers: { 'content-type': 'application/json' },
    };
    const made = await wireCall(bitbucket.url, API + path, { ...write, login: 'admin:admin-password' });
    expect([made.status, parsed(made)]).toEqual([
      201,
      expect.objectContaining({ ...hook, id: 1, active: true }),
    ]);
    expect(bitbucket.requests.at(-1)?.body.toString()).toBe(write.body);
    expect((await read(path, { login: 'admin:admin-password' })).values).toEqual([parsed(made)]);
    expect(await status(path, write)).toBe(401);
    const text = { method: 'POST', body: '{"text":"grüß Gott"}' };
    expect(await read('/projects/PLAT/repos/gateway/pull-requests/1/comments', text)).toMatchObject({
      text: 'grüß Gott',
      author: { slug: 'agent' },
    });
    expect(
      await status('/projects/PLAT/repos/gateway/pull-requests/1/comments', { method: 'POST', body: '{' }),
    ).toBe(400);
    expect(await status('/projects', { method: 'DELETE' })).toBe(405);
  });
});
