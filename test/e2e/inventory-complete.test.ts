import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Fault } from '../../sandbox/bitbucket/faults.ts';
import { type Bitbucket, type BitbucketOptions, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { type CommandStage, startCommandStage, told } from './command.ts';
import { countsOf, heldBy, truthOf } from './inventory-truth.ts';

const READONLY = { BITBUCKET_USERNAME: 'readonly', BITBUCKET_PASSWORD: 'readonly-password' };
const CAPS = { users: 7, projects: 2, repositories: 5, commits: 1000, groups: 1000 };
/** As small as rate limits get: empty after three calls. */
const RATE_LIMIT = { capacity: 3, fillRate: 60 };
const MADE_TO_WAIT = { kind: 'status', status: 429, headers: { 'Retry-After': '1' } } as const;
/** What passes when it is asked again. */
const PASSING: readonly Fault[] = [
  { kind: 'cut', framing: 'chunked' },
  { kind: 'status', status: 500 },
  { kind: 'cut', framing: 'length' },
  { kind: 'late', ms: 200 },
  { kind: 'status', status: 503, body: '<html>Service Unavailable</html>' },
  { kind: 'forced-gzip' },
  { kind: 'wrong-length', by: -5 },
];

interface Case {
  readonly bitbucket: BitbucketOptions;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly faulty?: boolean;
  readonly usersFrom: string;
}

const CASES: Readonly<Record<string, Case>> = {
  '7.21 below a context path, small pages, personal projects listed, with enrichment': {
    bitbucket: {
      version: '7.21.0',
      contextPath: '/git/bitbucket',
      pageCaps: CAPS,
      listPersonalProjects: true,
    },
    args: ['--enrich'],
    usersFrom: '/admin/users',
  },
  '8.9 for a login that may not read /admin/users, behind a rate limit': {
    bitbucket: {
      version: '8.9.1',
      rateLimit: RATE_LIMIT,
      pageCaps: { ...CAPS, users: 10, repositories: 20 },
    },
    env: READONLY,
    usersFrom: '/users',
  },
  '9.4 with a personal project that only archived=ALL tells of, pages of one row': {
    bitbucket: {
      version: '9.4.0',
      world: createWorld({ repositories: 16, users: 16, seed: 4 }),
      pageCaps: { ...CAPS, users: 1, projects: 1, repositories: 1 },
    },
    usersFrom: '/admin/users',
  },
  '10.0 where every call fails at first, each in another way': {
    bitbucket: {
      version: '10.0.0',
      world: createWorld({ repositories: 50, users: 40, projects: 8, seed: 10 }),
      pageCaps: { ...CAPS, users: 15, projects: 4, repositories: 15 },
      listPersonalProjects: true,
      rateLimit: { capacity: 60, fillRate: 50 },
    },
    faulty: true,
    usersFrom: '/admin/users',
  },
};

let desk: CommandStage;
const closers: (() => unknown)[] = [];
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(async () => {
  for (const close of closers) await close();
  await desk?.close();
});

/** The first call of every address meets one of the faults, in turn. @returns those addresses */
function failEachOnce({ faults }: Bitbucket): Set<string> {
  const met = new Set<string>();
  faults.add({ ...MADE_TO_WAIT, match: '/rest/api/1.0/projects/PLAT/repos', times: 1 });
  for (const [place, fault] of PASSING.entries()) {
    const isNext = (url: string) => !met.has(url) && met.size % PASSING.length === place;
    faults.add({ ...fault, match: ({ url }) => isNext(url) && met.add(url).size > 0 });
  }
  return met;
}

/** A row of the closing table. */
const row = (label: string, text: string) => expect.stringMatching(new RegExp(`^${label} +${text}$`, 'm'));

describe.each(Object.entries(CASES))('Bitbucket %s', (_, { bitbucket: options, args = [], env, ...rest }) => {
  it('arrives whole, with true counts, and is not sent again', async () => {
    const bitbucket = await startBitbucket(options);
    closers.push(() => bitbucket.close());
    const archives = options.version?.startsWith('7') !== true;
    const sight = { url: bitbucket.url, world: bitbucket.world, archives, admin: env === undefined };
    const truth = truthOf({ ...sight, enriched: args.includes('--enrich') });
    const counts = countsOf(truth);
    const bench = desk.fresh();
    const { batches } = bench.receiver;
    const sync = (more: readonly string[] = []) =>
      bench.ended(['sync', '--once', ...more], { BITBUCKET_URL: bitbucket.url, ...env });
    const faulty = rest.faulty === true ? failEachOnce(bitbucket) : null;

    const first = await sync(args);
    expect(first.output).toEqual(row('outcome', 'complete'));
    expect(first.code).toBe(0);
    expect(heldBy(bench.receiver)).toEqual(truth);
    expect(batches.at(-1)?.final).toEqual({ ...counts, skipped: 0 });
    expect(first.output).toEqual(row('users', `${counts.users} seen, from ${rest.usersFrom}`));
    expect(first.output).toEqual(row('repositories', `${counts.repositories} seen`));
    if (options.rateLimit !== undefined) expect(told(first.output, 'waited')).not.toMatch(/^0\.0 s/);
    if (faulty !== null) expectAskedAgain(bitbucket, faulty);

    const before = batches.length;
    const second = await sync();
    expect(second.code).toBe(0);
    expect(second.output).toEqual(row('sent', '0'));
    expect(batches.slice(before)).toMatchObject([
      { kind: 'delta', resources: 0, deleted: 0, final: { ...counts, skipped: 0 } },
    ]);
    expect(heldBy(bench.receiver)).toEqual(truth);
    expect(bench.receiver.problems).toEqual([]);
  });
});

function expectAskedAgain({ requests }: Bitbucket, urls: ReadonlySet<string>): void {
  expect(urls.size).toBeGreaterThan(2 * PASSING.length);
  const asked = (url: string) => requests.filter((request) => request.url === url).length;
  expect([...urls].filter((url) => asked(url) > 1).length).toBeGreaterThan(urls.size / 2);
}
