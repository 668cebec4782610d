import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import type { Fault } from '../../sandbox/bitbucket/faults.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { changedWorld } from './changed-world.ts';
import { startTown, type Town } from './inventory-town.ts';
import { heldBy, truthOf } from './inventory-truth.ts';

const API = '/rest/api/1.0';
const REPOS = `${API}/repos?archived=ALL&limit=1000`;
const SECOND_PAGE = `${REPOS}&start=`;
const HUNDRED_MB = 100 * 1024 * 1024;
const MANNERS = {
  pageCaps: { users: 10, repositories: 10, projects: 1000, groups: 1000, commits: 1000 },
};
const EARLIER = createWorld({ repositories: 40, users: 30 });
/** Some have gone, some have changed, some are new: a failed run tells nobody. */
const LATER = changedWorld(createWorld({ repositories: 43, users: 33 }), {
  users: { user18: { hidden: true }, user19: { displayName: 'Changed' } },
  repositories: { 'PLAT/attic': { hidden: true }, 'PLAT/monolith': { description: 'changed' } },
});

const exception = (status: number, name: string): Fault => ({
  kind: 'status',
  status,
  body: JSON.stringify({
    errors: [{ context: null, message: 'no', exceptionName: `com.atlassian.${name}` }],
  }),
});
const json = (body: unknown): Fault => ({
  kind: 'status',
  status: 200,
  body: JSON.stringify(body),
  headers: { 'X-AUSERNAME': 'agent' },
});

/** A page as Bitbucket gives it. */
async function pageAt({ bitbucket }: Town, path: string) {
  const { body } = await request(`${new URL(bitbucket.url).origin}${path}`, {
    headers: { authorization: 'Bearer agent-token', accept: 'application/json' },
  });
  return (await body.json()) as { values: Record<string, unknown>[]; nextPageStart: number };
}

interface Failure {
  readonly match: string;
  readonly fault: Fault | ((town: Town) => Promise<Fault>);
  readonly says: RegExp;
}

const FAILURES: Readonly<Record<string, Failure>> = {
  'a login page with 200': {
    match: SECOND_PAGE,
    fault: { kind: 'login-page' },
    says: /answered 200 to GET \S+ with something that is no JSON \(text\/html/,
  },
  'JSON that is no page': {
    match: `${API}/projects/MOB_2/repos`,
    fault: json({ status: 'maintenance' }),
    says: /is no page of a list/,
  },
  'a page that repeats itself': {
    match: SECOND_PAGE,
    fault: async (town) => {
      const { values, nextPageStart } = await pageAt(town, REPOS);
      return json({ values, isLastPage: false, nextPageStart: nextPageStart + 10 });
    },
    says: /does not come to its end: .*repeats an earlier one/,
  },
  'nextPageStart going backwards': {
    match: SECOND_PAGE,
    fault: async (town) => {
      const { values, nextPageStart } = await pageAt(town, REPOS);
      const next = await pageAt(town, `${SECOND_PAGE}${nextPageStart}`);
      return json({ values: [...next.values, values[0]], isLastPage: false, nextPageStart: 3 });
    },
    says: /does not come to its end: .*names 3 as the start of the next one/,
  },
  '100 MB in one page': {
    match: SECOND_PAGE,
    fault: { kind: 'stream', bytes: HUNDRED_MB, contentType: 'application/json' },
    says: /is over 32 MiB/,
  },
  '100 MB in one page, compressed': {
    match: `${API}/users`,
    fault: async () => ({
      kind: 'status',
      status: 200,
      body: gzipSync(Buffer.alloc(HUNDRED_MB, ' ')),
      headers: { 'Content-Encoding': 'gzip', 'X-AUSERNAME': 'agent' },
    }),
    says: /is over 32 MiB/,
  },
  'the list of projects refused': {
    match: `${API}/projects?`,
    fault: exception(401, 'bitbucket.AuthorisationException'),
    says: /answered 401 \(AuthorisationException\) to GET \/projects\?/,
  },
  'a login that stops working in the middle': {
    match: `${API}/projects/PLAT/repos`,
    fault: exception(401, 'bitbucket.auth.IncorrectPasswordAuthenticationException'),
    says: /answered 401 \(IncorrectPasswordAuthenticationException\)/,
  },
};

/** A town whose receiver holds the earlier world, and whose Bitbucket has moved on. */
async function startLaterTown(): Promise<Town> {
  const town = await startTown({ ...MANNERS, world: EARLIER });
  expect(await town.sync()).toMatchObject({ code: 0 });
  expect(heldBy(town.held)).toEqual(truthOf({ url: town.bitbucket.url, world: EARLIER }));
  await town.moveOn(LATER);
  return town;
}

/** The run says so and changes nothing at the receiver. */
async function expectFailure(town: Town, says: RegExp): Promise<void> {
  const arrived = town.receiver.received.length;
  const { code, output } = await town.sync();
  expect(output).toMatch(says);
  expect(output).toMatch(/^outcome +FAILED, nothing was deleted$/m);
  expect(code).toBe(3);
  expect(town.receiver.received.slice(arrived)).toEqual([]);
  expect(heldBy(town.held)).toEqual(truthOf({ url: town.bitbucket.url, world: EARLIER }));
}

async function expectRecovery(town: Town): Promise<void> {
  expect(await town.sync()).toMatchObject({ code: 0, output: expect.stringMatching(/^deleted +2$/m) });
  expect(heldBy(town.held)).toEqual(truthOf({ url: town.bitbucket.url, world: LATER }));
  expect(town.held.problems).toEqual([]);
}

const towns: Promise<Town>[] = [];
const startedTown = () => {
  const town = startLaterTown();
  towns.push(town);
  return town;
};
afterAll(async () => {
  for (const town of await Promise.allSettled(towns)) {
    if (town.status === 'fulfilled') await town.value.close();
  }
});

/** These take the agent's five tries, which is seconds: both go on beside the other tests. */
const slow = { failing: Promise.resolve(), gone: Promise.resolve() };
beforeAll(() => {
  slow.failing = keepsFailing();
  slow.gone = goesAway();
  for (const test of Object.values(slow)) test.catch(() => {});
});

async function keepsFailing(): Promise<void> {
  const town = await startedTown();
  const match = `${API}/admin/users?limit=500&start=`;
  const fault = town.bitbucket.faults.add({ kind: 'status', status: 500, match });
  await expectFailure(town, /answered 500 to GET \S+\/admin\/users\S+, at the last of 5 tries/);
  expect(fault.hits).toBe(5);
  fault.remove();
  await expectRecovery(town);
}

async function goesAway(): Promise<void> {
  const town = await startedTown();
  let calls = 0;
  const gone = () => {
    calls += 1;
    if (calls === 6) void town.bitbucket.close();
    return false;
  };
  town.bitbucket.faults.add({ match: gone, kind: 'hang' });
  await expectFailure(town, /Bitbucket refused the connection/);
  expect(calls).toBeGreaterThanOrEqual(6);
  await town.moveOn(LATER);
  await expectRecovery(town);
}

describe('a run that cannot read everything fails and deletes nothing', () => {
  let town: Town;
  beforeAll(async () => {
    town = await startedTown();
  });
  afterEach(() => town.bitbucket.faults.clear());

  it.each(Object.entries(FAILURES))('%s', async (_, { match, fault, says }) => {
    const made = typeof fault === 'function' ? await fault(town) : fault;
    const set = town.bitbucket.faults.add({ ...made, match });
    await expectFailure(town, says);
    expect(set.hits).toBe(1);
  });

  it('and the next one is complete', () => expectRecovery(town));

  it('a page that keeps failing', () => slow.failing);

  it('Bitbucket gone in the middle', () => slow.gone);
});
