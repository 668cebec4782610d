import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Send } from '../../../src/bitbucket/send.ts';
import { AgentError } from '../../../src/errors.ts';
import { createPull } from '../../../src/inventory/pull/pull.ts';
import { runOf, Shelf } from './shelf.ts';

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

interface Page {
  readonly data: { type: string; id: string; attributes: Record<string, unknown> }[];
  readonly links: { self: string; next?: string };
  readonly meta: { schema: string; collected_run?: object };
}

const ask = (send: Send, path: string, method = 'GET'): Promise<Reply> =>
  new Promise((resolve, reject) => {
    let [status, headers, text]: [number, Reply['headers'], string] = [0, {}, ''];
    send(
      { origin: 'agent:', path, method, headers: {}, body: null, login: null },
      {
        head: (code, fields) => {
          [status, headers] = [code, fields];
        },
        data: (chunk) => {
          text += chunk.toString('utf8');
          return true;
        },
        end: () => resolve({ status, headers, text }),
        failed: reject,
      },
    );
  });

const entityId = (type: string, sourceId: number) => `${type}-${sourceId}`;
const record = (name: string) => JSON.stringify({ name });

let shelf: Shelf;
let send: Send;
beforeEach(() => {
  shelf = new Shelf();
  shelf.kept.push(runOf(1));
  send = createPull(shelf.open, { entityId });
});

const page = async (path: string): Promise<Page> => {
  const { status, text } = await ask(send, path);
  expect({ path, status }).toEqual({ path, status: 200 });
  return JSON.parse(text) as Page;
};

/** Follows `links.next` to the end. */
async function walk(path: string): Promise<Page[]> {
  const pages: Page[] = [];
  for (let next: string | undefined = path; next !== undefined; next = pages.at(-1)?.links.next) {
    pages.push(await page(next));
  }
  return pages;
}

describe('a list of entities', () => {
  it('is a JSON:API document around the records as they are stored', async () => {
    shelf.lists.user.push({ sourceId: 4, record: '{"name":"Zoë",  "email":null}' });
    const { status, headers, text } = await ask(send, '/essentials/v1/users?version=2024-10-15');
    const run =
      '{"id":"run-1","kind":"delta","started_at":"2026-01-01T00:00:00.000Z","ended_at":"2026-01-01T00:01:00.000Z",' +
      '"seen":{"users":3,"repositories":null,"skipped":1,"skipped_by":{"user:no-name":1},"users_from":"/users"}}';
    expect(text).toBe(
      '{"jsonapi":{"version":"1.0"},"data":[{"type":"user","id":"user-4","attributes":{"name":"Zoë",  "email":null}}],' +
        `"links":{"self":"/essentials/v1/users?version=2024-10-15"},"meta":{"schema":"essentials.bitbucket/v1","collected_run":${run}}}`,
    );
    expect({ status, headers }).toEqual({
      status: 200,
      headers: {
        'content-type': 'application/vnd.api+json',
        'cache-control': 'no-store',
        'content-length': String(Buffer.byteLength(text)),
      },
    });
    expect(await ask(send, '/essentials/v1/users?version=2024-10-15')).toEqual({ status, headers, text });
  });

  it('comes whole and in order by following links.next, which keeps the caller’s own parameters', async () => {
    const ids = Array.from({ length: 257 }, (_, index) => index * 7);
    shelf.lists.repository.push(...ids.map((sourceId) => ({ sourceId, record: record(`r${sourceId}`) })));
    for (const limit of [1, 50, 100, 101, 256, 257, 258, 1000]) {
      const pages = await walk(`/essentials/v1/repositories?limit=${limit}&version=a%20b`);
      expect(pages.flatMap(({ data }) => data.map(({ id }) => id))).toEqual(
        ids.map((id) => `repository-${id}`),
      );
      expect(pages).toHaveLength(Math.ceil(257 / limit));
      expect(pages.slice(1).every(({ links }) => links.self.includes(`?limit=${limit}&version=a%20b&`))).toBe(
        true,
      );
    }
  });

  it('has a hundred on a page unless another number is asked for', async () => {
    shelf.lists.user.push(...Array.from({ length: 130 }, (_, sourceId) => ({ sourceId, record: '{}' })));
    const [first, second] = await walk('/essentials/v1/users');
    expect([first?.data.length, second?.data.length]).toEqual([100, 30]);
  });

  it('may change between two pages: what stays is neither lost nor doubled', async () => {
    const list = shelf.lists.user;
    list.push(...[1, 2, 3, 4, 5].map((sourceId) => ({ sourceId, record: '{}' })));
    const { links } = await page('/essentials/v1/users?limit=2');
    list.splice(0, 2);
    list.push({ sourceId: 6, record: '{}' });
    const rest = await walk(links.next ?? '');
    expect(rest.flatMap(({ data }) => data.map(({ id }) => id))).toEqual(
      [3, 4, 5, 6].map((id) => `user-${id}`),
    );
  });

  it('ends a page early at 4 MiB and lets one larger record through alone', async () => {
    const large = record('x'.repeat(1024 * 1024));
    const huge = record('é'.repeat(3 * 1024 * 1024));
    const records = [...Array(5).fill(large), huge, huge, '{}'] as string[];
    shelf.lists.repository.push(...records.map((text, sourceId) => ({ sourceId, record: text })));
    const pages = await walk('/essentials/v1/repositories?limit=1000');
    expect(pages.map(({ data }) => data.length)).toEqual([3, 2, 1, 1, 1]);
  });

  it('does not read a thousand records where a few fill the page', async () => {
    const large = record('x'.repeat(1024 * 1024));
    shelf.lists.user.push(...Array.from({ length: 1000 }, (_, sourceId) => ({ sourceId, record: large })));
    expect((await page('/essentials/v1/users?limit=1000')).data).toHaveLength(3);
    expect(shelf.read).toBeLessThanOrEqual(101);
  });

  it('is empty where a complete run found nothing', async () => {
    expect((await page('/essentials/v1/users')).data).toEqual([]);
  });

  it.each([
    '/Essentials/V1/USERS',
    '/essentials/v1/users/',
    '/essentials/v1/users?',
  ])('is found at %s as the accept list finds it', async (path) => {
    expect((await page(path)).links.self).toBe(path);
  });

  it('names the newest run that has read all of it', async () => {
    shelf.kept.push(
      runOf(2, { scope: { users: true, repositories: false, enrichment: false } }),
      runOf(3, { state: 'failed', seen: null }),
    );
    expect((await page('/essentials/v1/users')).meta.collected_run).toMatchObject({ id: 'run-2' });
    expect((await page('/essentials/v1/repositories')).meta.collected_run).toMatchObject({ id: 'run-1' });
  });
});

describe('the list of runs', () => {
  it('is newest first, a page at a time, whether complete or not', async () => {
    shelf.kept.push(
      runOf(2, { state: 'parked' }),
      runOf(3, { state: 'collecting', endedAt: null, seen: null }),
    );
    const pages = await walk('/essentials/v1/runs?limit=2');
    expect(pages.map(({ data }) => data.map(({ id }) => id))).toEqual([['run-3', 'run-2'], ['run-1']]);
    expect(pages[0]?.meta).toEqual({ schema: 'essentials.bitbucket/v1' });
    expect(pages[0]?.data[0]?.attributes).toEqual({
      kind: 'delta',
      state: 'collecting',
      scope: { users: true, repositories: true, enrichment: false },
      started_at: '2026-01-03T00:00:00.000Z',
      ended_at: null,
      seen: null,
      changes: { added: 1, changed: 2, deleted: 0 },
      sent: 3,
      error_code: null,
    });
  });

  it('has of a failure its code and not its text, which may name a personal project', async () => {
    const error = { code: 'PAGE_INVALID', message: 'GET /projects/~jane/repos is no page' };
    shelf.kept.splice(0, 1, runOf(1, { state: 'failed', error }));
    const { text } = await ask(send, '/essentials/v1/runs');
    expect(text).toContain('"error_code":"PAGE_INVALID"');
    expect(text).not.toContain('jane');
  });
});

describe('what cannot be answered', () => {
  const errorOf = async (path: string, method?: string) => {
    const { status, headers, text } = await ask(send, path, method);
    expect(headers['content-type']).toBe('application/vnd.api+json');
    const { errors } = JSON.parse(text) as { errors: Record<string, unknown>[] };
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ status: String(status), title: expect.any(String) });
    return { status, ...errors[0] } as Record<string, unknown>;
  };

  it.each([
    'limit=0',
    'limit=1001',
    'limit=',
    'limit=-1',
    'limit=1.5',
    'limit=1e2',
    'limit=2&limit=2',
    'lim%69t=x',
  ])('is the limit %s', async (query) => {
    const { detail, ...error } = await errorOf(`/essentials/v1/users?${query}`);
    expect(error).toMatchObject({ status: '400', code: 'BAD_REQUEST', source: { parameter: 'limit' } });
    expect(detail).toMatch(/^limit is /);
    expect(shelf.opened).toBe(0);
  });

  it('is a cursor of another list, or one that was made up', async () => {
    shelf.lists.user.push({ sourceId: 1, record: '{}' }, { sourceId: 2, record: '{}' });
    const { links } = await page('/essentials/v1/users?limit=1');
    const cursor = new URLSearchParams(links.next?.split('?')[1]).get('starting_after') ?? '';
    const made = (text: string) => Buffer.from(text).toString('base64url');
    const wrong = [
      '',
      'x',
      '42',
      `${cursor}=`,
      `${cursor}A`,
      made('users:x'),
      made('users:1.5'),
      made('users:1e30'),
    ];
    for (const given of [...wrong, made('users:01'), made('users:')]) {
      const error = await errorOf(`/essentials/v1/users?starting_after=${encodeURIComponent(given)}`);
      expect({ given, ...error }).toMatchObject({
        given,
        status: '400',
        source: { parameter: 'starting_after' },
      });
    }
    const other = await errorOf(`/essentials/v1/repositories?starting_after=${cursor}`);
    expect(other).toMatchObject({ status: '400', code: 'BAD_REQUEST' });
  });

  it('is a page before a cursor', async () => {
    expect(await errorOf('/essentials/v1/users?ending_before=x')).toMatchObject({
      status: '400',
      source: { parameter: 'ending_before' },
    });
  });

  it.each([
    '/essentials/v1/batches',
    '/essentials/v1/users/1',
    '/essentials/v1',
    '/',
  ])('is %s', async (path) => {
    expect(await errorOf(path)).toMatchObject({ status: '404', code: 'NOT_FOUND' });
  });

  it('is a method that writes', async () => {
    expect(await errorOf('/essentials/v1/users', 'POST')).toMatchObject({
      status: '405',
      code: 'BAD_REQUEST',
    });
    expect((await ask(send, '/essentials/v1/users', 'POST')).headers.allow).toBe('GET, HEAD');
  });

  it('is a list before a run has read all of it, while the runs can be seen', async () => {
    shelf.kept.splice(0, 1, runOf(1, { state: 'failed', seen: null }));
    shelf.lists.user.push({ sourceId: 1, record: '{}' });
    expect(await errorOf('/essentials/v1/users')).toMatchObject({ status: '503', code: 'NOT_COLLECTED' });
    expect((await page('/essentials/v1/runs')).data).toHaveLength(1);
    expect(shelf.closed).toBe(shelf.opened);
  });

  it('is everything where there is no ledger', async () => {
    send = createPull(() => null, { entityId });
    for (const list of ['users', 'repositories', 'runs']) {
      expect(await errorOf(`/essentials/v1/${list}`)).toMatchObject({ status: '503', code: 'NOT_COLLECTED' });
    }
  });

  it('is a ledger that fails: the code is told, the folder is not', async () => {
    const cause = Object.assign(new Error('disk I/O error'), { code: 'ERR_SQLITE_ERROR' });
    const failures = [
      [new AgentError('STATE_UNUSABLE', '/var/lib/agent/ledger.db', { cause }), 'STATE_UNUSABLE', cause],
      [cause, 'INTERNAL', cause],
    ] as const;
    for (const [thrown, code, told] of failures) {
      send = createPull(
        () => {
          throw thrown;
        },
        { entityId },
      );
      const error = await ask(send, '/essentials/v1/users').catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code, cause: told, message: 'The agent cannot read its inventory.' });
    }
  });
});

describe('the reader', () => {
  it('is opened for each request and closed again, also when reading fails', async () => {
    await page('/essentials/v1/users');
    shelf.entities = () => {
      throw new AgentError('STATE_UNUSABLE', 'broken');
    };
    await expect(ask(send, '/essentials/v1/users')).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
    expect([shelf.opened, shelf.closed]).toEqual([2, 2]);
  });
});

describe('HEAD', () => {
  it('gives the head that GET gives, and no body', async () => {
    for (const path of ['/essentials/v1/users', '/essentials/v1/users?limit=0', '/essentials/v1/none']) {
      const { status, headers } = await ask(send, path);
      expect(await ask(send, path, 'HEAD')).toEqual({ status, headers, text: '' });
    }
  });
});
