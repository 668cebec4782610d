import { afterEach, describe, expect, it } from '@jest/globals';
import { type BitbucketOptions, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import { LoginPool } from '../../src/bitbucket/login-pool.ts';
import { readPages } from '../../src/bitbucket/pages.ts';
import { createJsonReader, type JsonReply } from '../../src/bitbucket/read-json.ts';
import { RefusedError } from '../../src/bitbucket/refused-error.ts';
import { AgentError } from '../../src/errors.ts';
import { silentLog } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { turn } from './hand-clock.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const reply = (value: unknown, status = 200, exception = ''): JsonReply => ({
  status,
  headers: {},
  value,
  exception,
  bytes: 0,
});

/** A list whose pages are given by their start. */
function scripted(pages: Readonly<Record<number, unknown>>) {
  const asked: string[] = [];
  const get = async (url: string): Promise<JsonReply> => {
    asked.push(url);
    const page = pages[Number(/[?&]start=(\d+)/.exec(url)?.[1] ?? 0)];
    if (page instanceof Error) throw page;
    return typeof page === 'object' && page !== null && 'headers' in page ? (page as JsonReply) : reply(page);
  };
  return { get, asked };
}

const page = (values: readonly unknown[], nextPageStart: number) => ({
  values,
  isLastPage: false,
  nextPageStart,
});
const lastPage = (values: readonly unknown[]) => ({ values, isLastPage: true });

async function walked(pages: Readonly<Record<number, unknown>>, url = '/repos') {
  const { get, asked } = scripted(pages);
  const read: unknown[][] = [];
  let failure: unknown = null;
  try {
    for await (const values of readPages(get, url, 2)) read.push([...values]);
  } catch (error) {
    failure = error;
  }
  return { read, asked, failure: failure as AgentError | null };
}

describe('walking pages', () => {
  it('follows nextPageStart to the last page, wherever it leads', async () => {
    const { read, asked, failure } = await walked(
      {
        0: page([1, 2], 3),
        3: page([], 40),
        40: page([5], 41),
        41: { ...lastPage([6]), nextPageStart: null },
      },
      '/repos?archived=ALL',
    );
    expect(failure).toBeNull();
    expect(read).toEqual([[1, 2], [], [5], [6]]);
    expect(asked).toEqual([
      '/repos?archived=ALL&limit=2',
      '/repos?archived=ALL&limit=2&start=3',
      '/repos?archived=ALL&limit=2&start=40',
      '/repos?archived=ALL&limit=2&start=41',
    ]);
  });

  it('yields the one empty page of an empty list', async () => {
    expect(await walked({ 0: lastPage([]) })).toMatchObject({
      read: [[]],
      asked: ['/repos?limit=2'],
      failure: null,
    });
  });

  it('takes what a last page says about a next one for nothing', async () => {
    const { read, failure } = await walked({ 0: { ...lastPage([1]), nextPageStart: 0 } });
    expect([read, failure]).toEqual([[[1]], null]);
  });

  it('takes many empty pages for what they are', async () => {
    const pages: Record<number, unknown> = { 9000: lastPage(['x']) };
    for (let start = 0; start < 9_000; start += 1) pages[start] = page([], start + 1);
    expect((await walked(pages)).read.at(-1)).toEqual(['x']);
  });
});

describe('the page ahead', () => {
  it('is asked for while the caller works on the one before, and no further', async () => {
    const { get, asked } = scripted({ 0: page([1], 1), 1: page([2], 2), 2: lastPage([3]) });
    const pages = readPages(get, '/repos', 2);
    expect(asked).toHaveLength(0);
    await pages.next();
    expect(asked).toHaveLength(2);
    await turn();
    expect(asked).toHaveLength(2);
    await pages.next();
    expect(asked).toHaveLength(3);
    await pages.next();
    expect(await pages.next()).toEqual({ done: true, value: undefined });
    expect(asked).toHaveLength(3);
  });

  it('fails when its turn comes, after the page before has been taken', async () => {
    const failing = new AgentError('BITBUCKET_BUSY', 'busy');
    const { read, failure } = await walked({ 0: page([1], 1), 1: failing });
    expect(read).toEqual([[1]]);
    expect(failure).toBe(failing);
  });

  it('may fail unheard when the caller has stopped before', async () => {
    const unheard: unknown[] = [];
    const note = (reason: unknown) => void unheard.push(reason);
    process.on('unhandledRejection', note);
    const { get, asked } = scripted({ 0: page([1], 1), 1: new AgentError('BITBUCKET_BUSY', 'busy') });
    for await (const _ of readPages(get, '/repos', 2)) break;
    await turn();
    await turn();
    process.off('unhandledRejection', note);
    expect(asked).toHaveLength(2);
    expect(unheard).toEqual([]);
  });
});

describe('the simulated server', () => {
  const LOGIN = new LoginPool([{ name: 'TOKEN', authorization: 'Bearer agent-token' }], silentLog);

  async function everything(path: string, limit: number, options: BitbucketOptions) {
    const bitbucket = await startBitbucket(options);
    closing.push(() => bitbucket.close());
    const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
    closing.push(() => network.close());
    const limits = { connectMs: 2_000, firstByteMs: 5_000, idleMs: 5_000 };
    const read = createJsonReader(withAuthorization(createExchange(network, limits)));
    const get = (url: string) => read({ origin: bitbucket.url, path: `/rest/api/1.0${url}`, login: LOGIN });
    const values: { name: string; key?: string }[] = [];
    for await (const page of readPages(get, path, limit)) values.push(...(page as typeof values));
    return { ...bitbucket, values };
  }

  it.each([1, 2, 1_000])('lists each project that is shown once, in pages of %d', async (limit) => {
    const { values, world, requests } = await everything('/projects', limit, { listPersonalProjects: true });
    const projects = Array.from({ length: world.projects.length }, (_, row) => world.projects.at(row));
    const shown = projects.filter(({ hidden }) => !hidden).map(({ key }) => key);
    expect(shown.length).toBeLessThan(projects.length);
    expect(values.map(({ key }) => key)).toEqual(shown);
    expect(requests).toHaveLength(Math.ceil(shown.length / limit));
  });

  it('lists every member of a group over short pages, though it lowers the limit', async () => {
    const list = '/admin/groups/more-members?context=developers';
    const { values, world, requests } = await everything(list, 500, { pageCaps: { users: 4 } });
    const users = Array.from({ length: world.users.length }, (_, row) => world.users.at(row));
    const members = users.filter((user) => !user.hidden && world.isMember('developers', user));
    expect(values.map(({ name }) => name)).toEqual(members.map(({ name }) => name));
    expect(requests).toHaveLength(Math.ceil(users.length / 4));
  });
});

describe('a list that does not come to its end', () => {
  it.each([
    ['the same start', { 0: page([1], 3), 3: page([2], 3) }, 'starts at 3 and names 3', 1],
    ['an earlier start', { 0: page([1], 3), 3: page([2], 2) }, 'starts at 3 and names 2', 1],
    ['its own beginning', { 0: page([1], 0) }, 'starts at 0 and names 0', 0],
    ['less than nothing', { 0: page([1], -1) }, 'names -1', 0],
    ['the same page again', { 0: page([{ id: 1 }, 2], 2), 2: page([{ id: 1 }, 2], 4) }, 'repeats', 1],
    ['the same page as its last', { 0: page([1, 2], 2), 2: lastPage([1, 2]) }, 'repeats', 1],
    ['a page before the last', { 0: page([1, 2], 2), 2: page([3, 4], 4), 4: page([1, 2], 6) }, 'repeats', 2],
  ])('is told by %s', async (_what, pages, why, before) => {
    const { read, failure } = await walked(pages as Record<number, unknown>);
    expect(failure).toMatchObject({ code: 'PAGES_IN_CIRCLES', message: expect.stringContaining(why) });
    expect(failure?.message).toContain('GET /repos?limit=2');
    expect(read).toHaveLength(before);
  });

  it('is told by the ids on its pages, however all else moves on', async () => {
    const values = (start: number) => [
      { id: 5, name: 'agent', lastAuthenticationTimestamp: start },
      { id: 6, name: `b${start}` },
    ];
    const { read, failure } = await walked({ 0: page(values(0), 2), 2: page(values(2), 4) });
    expect(failure).toMatchObject({ code: 'PAGES_IN_CIRCLES' });
    expect(read).toHaveLength(1);
  });

  it('is not told by pages of which only the ends are alike', async () => {
    const of = (...ids: unknown[]) => ids.map((id) => ({ id, name: 'x' }));
    const pages = { 0: page(of(1, 2), 2), 2: page(of(1, 3), 4), 4: lastPage(of('1', 2)) };
    expect(await walked(pages)).toMatchObject({ failure: null });
  });

  it('is told by empty pages without end', async () => {
    const get = async (url: string) => reply(page([], Number(/start=(\d+)/.exec(url)?.[1] ?? 0) + 1));
    const walk = async () => {
      for await (const values of readPages(get, '/repos', 2)) expect(values).toEqual([]);
    };
    await expect(walk()).rejects.toMatchObject({ code: 'PAGES_IN_CIRCLES' });
  });
});

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('an answer that is no page', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'values'],
    ['a list', [1]],
    ['no values', { isLastPage: true }],
    ['values that are no list', { values: {}, isLastPage: true }],
    ['no word on its end', { values: [] }],
    ['another word on its end', { values: [], isLastPage: 'true' }],
    ['no next start', { values: [1], isLastPage: false }],
    ['null as the next start', { values: [1], isLastPage: false, nextPageStart: null }],
    ['text as the next start', { values: [1], isLastPage: false, nextPageStart: '2' }],
    ['a broken next start', { values: [1], isLastPage: false, nextPageStart: 1.5 }],
    ['an endless next start', { values: [1], isLastPage: false, nextPageStart: 1e300 }],
    ['more values than were asked for', { values: [1, 2, 3], isLastPage: true }],
    ['values without end in each other', { values: [nested(50_000)], isLastPage: true }],
  ])('is %s', async (_what, value) => {
    const { failure, read } = await walked({ 0: value });
    expect(failure).toMatchObject({
      code: 'PAGE_INVALID',
      message: expect.stringContaining('GET /repos?limit=2'),
    });
    expect(read).toEqual([]);
  });
});

describe('a refused page', () => {
  const authorisation = 'com.atlassian.bitbucket.AuthorisationException';

  it('keeps what Bitbucket said', async () => {
    const { failure } = await walked({
      0: page([1], 1),
      1: reply(undefined, 404, 'a.b.NoSuchProjectException'),
    });
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toBeInstanceOf(AgentError);
    expect(failure).toMatchObject({
      code: 'BITBUCKET_REFUSED',
      status: 404,
      exception: 'a.b.NoSuchProjectException',
      message: 'Bitbucket answered 404 (NoSuchProjectException) to GET /repos?limit=2&start=1.',
    });
  });

  it.each([
    ['/admin/users', 401, authorisation, 'LICENSED_USER'],
    ['/rest/api/1.0/projects/A/repos', 401, authorisation, 'PROJECT_READ'],
    [
      '/projects/~jo/repos/x/labels',
      401,
      'com.atlassian.stash.exception.AuthorisationException',
      'REPO_READ',
    ],
    ['/projects', 401, authorisation, 'PROJECT_VIEW'],
    ['/groups', 401, authorisation, 'the permission for this call'],
    ['/repos', 401, 'a.IncorrectPasswordAuthenticationException', 'expired'],
    ['/repos', 403, '', 'CAPTCHA'],
    ['/repos', 500, '', 'BITBUCKET_URL'],
  ])('of %s with %d %s has a hint for whoever can help', async (url, status, exception, words) => {
    const { failure } = await walked({ 0: reply(undefined, status, exception) }, url);
    expect(failure).toMatchObject({ status, exception, hint: expect.stringContaining(words) });
  });

  it.each([
    ['/projects/~jane/repos', '/projects/~…/repos?limit=2'],
    ['/projects/%7Ejane/repos/dots/labels', '/projects/~…/repos/dots/labels?limit=2'],
    ['/bb/rest/api/1.0/projects/%7ejane?x=1', '/bb/rest/api/1.0/projects/~…?x=1&limit=2'],
    ['/projects/PLAT/repos', '/projects/PLAT/repos?limit=2'],
  ])('of %s names no person', async (url, shown) => {
    for (const value of [reply(undefined, 409), reply([])]) {
      const { failure } = await walked({ 0: value }, url);
      expect(failure?.message).toContain(`GET ${shown}`);
      expect(`${failure?.message} ${failure?.hint}`).not.toContain('jane');
    }
  });

  it('shows no control characters of what Bitbucket said, and not all of it', async () => {
    const { failure } = await walked({ 0: reply(undefined, 400, `a.B\u001b[2J\n${'x'.repeat(60_000)}`) });
    expect(failure?.message).toContain('B\uFFFD[2J\uFFFDxxx');
    expect(failure?.message.length).toBeLessThan(400);
  });

  it('is told with a short path', async () => {
    const { failure } = await walked({ 0: reply(undefined, 400) }, `/repos?name=${'x'.repeat(5_000)}`);
    expect(failure?.message.length).toBeLessThan(400);
  });
});
