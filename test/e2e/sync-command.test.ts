import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bodyOf, type CommandStage, filesIn, startCommandStage, told, type Workbench } from './command.ts';
import { countsOf, heldBy, truthOf } from './inventory-truth.ts';

const USERS = 28;
const REPOSITORIES = 33;

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage();
  expect(countsOf(truthOf(desk.stage.bitbucket))).toEqual({ users: USERS, repositories: REPOSITORIES });
});
afterAll(() => desk?.close());

const paths = () => desk.stage.bitbucket.requests.map(({ url }) => url.replace(/\?.*/, ''));
const final = ({ receiver }: Workbench) => receiver.batches.at(-1)?.final;

describe('exit code 0', () => {
  it('the receiver has what the simulator shows, and a second run sends only its manifest', async () => {
    const bench = desk.fresh();
    const first = await bench.sync();
    expect(first).toMatchObject({ code: 0, signal: null });
    expect(heldBy(bench.receiver)).toEqual(truthOf(desk.stage.bitbucket));
    expect(final(bench)).toEqual({ users: USERS, repositories: REPOSITORIES, skipped: 0 });
    expect(bench.receiver.batches[0]).toMatchObject({ kind: 'snapshot', profile: 'demo' });
    expect(told(first.output, 'outcome')).toBe('complete');
    expect(told(first.output, 'sent')).toBe(String(USERS + REPOSITORIES));

    const sent = bench.received().length;
    const second = await bench.sync();
    expect(second.code).toBe(0);
    expect(told(second.output, 'sent')).toBe('0');
    expect(told(second.output, 'new')).toBe('0');
    const [manifest, ...more] = bench.received().slice(sent);
    expect(more).toEqual([]);
    expect(manifest && bodyOf(manifest)).toMatchObject({ data: [], meta: { kind: 'delta', deleted: [] } });
    expect(bench.receiver.problems).toEqual([]);
  });
});

describe('exit code 2: nothing is asked, nothing is sent, nothing is kept', () => {
  it.each([
    [['sync'], /sync --once/],
    [['sync', '--dry-run'], /--dry-run needs a folder/],
    [['sync', '--once', '--out', 'x'], /--out is for --dry-run only/],
    [['sync', '--once', '--only', 'users', '--enrich'], /--only users leaves them out/],
    [['sync', '--once', '--only', 'projects'], /users, repositories/],
    [['sync', '--once', '--everything'], /--everything/],
    [['preview', 'users', '--limit', '0'], /--limit.*between 1 and/],
    [['preview', 'users', '--format', 'xml'], /table, json/],
    [['stroll'], /stroll/],
  ])('%j', async (args, words) => {
    const bench = desk.fresh();
    const { code, output } = await bench.ended(args);
    expect({ code, output }).toEqual({ code: 2, output: expect.stringMatching(words) });
    expect(desk.stage.bitbucket.requests).toEqual([]);
    expect(bench.received()).toEqual([]);
    expect(filesIn(bench.stateDir)).toEqual({});
  });

  it.each([
    [['sync', '--once']],
    [['sync', '--dry-run', '--out', 'x']],
  ])('%j without PROFILE_NAME says what to set', async (args) => {
    const bench = desk.fresh();
    const { code, output } = await bench.ended(args, { PROFILE_NAME: undefined });
    expect({ code, output }).toEqual({ code: 2, output: expect.stringMatching(/PROFILE_NAME: is not set/) });
    expect(output).not.toMatch(/^\s+at /m);
    expect(desk.stage.bitbucket.requests).toEqual([]);
    expect(filesIn(bench.stateDir)).toEqual({});
  });
});

describe('where another agent keeps the inventory', () => {
  const env = { INVENTORY_URL: 'http://127.0.0.1:1', INVENTORY_ENABLED: undefined };

  it('sync begins no second one', async () => {
    const bench = desk.fresh();
    const { code, output } = await bench.ended(['sync', '--once'], env);
    expect({ code, output }).toEqual({ code: 2, output: expect.stringMatching(/INVENTORY_URL: is set/) });
    expect(desk.stage.bitbucket.requests).toEqual([]);
    expect(bench.received()).toEqual([]);
    expect(filesIn(bench.stateDir)).toEqual({});
  });

  it.each([
    [['sync', '--dry-run', '--out', 'x'], env],
    [['sync', '--once'], { ...env, INVENTORY_URL: 'off' }],
  ])('%j runs with %j', async (args, more) => {
    expect((await desk.fresh().ended(args, more)).code).toBe(0);
  });
});

describe('exit code 3', () => {
  it('a login that does not work: failed, nothing sent, nothing deleted; the next run is complete', async () => {
    const bench = desk.fresh();
    const { code, output } = await bench.ended(['sync', '--once'], { BITBUCKET_PASSWORD: 'wrong' });
    expect({ code, outcome: told(output, 'outcome') }).toEqual({
      code: 3,
      outcome: 'FAILED, nothing was deleted',
    });
    expect(output).toMatch(/401/);
    expect(output).not.toMatch(/^\s+at /m);
    expect(bench.received()).toEqual([]);
    expect((await bench.sync()).code).toBe(0);
    expect(heldBy(bench.receiver)).toEqual(truthOf(desk.stage.bitbucket));
  });

  it('one page that fails for good: no final, no tombstone', async () => {
    const bench = desk.fresh();
    expect((await bench.sync()).code).toBe(0);
    desk.stage.bitbucket.faults.add({ match: '/rest/api/1.0/projects/OPEN/repos', kind: 'login-page' });
    const sent = bench.received().length;
    const { code, output } = await bench.sync('--full');
    expect({ code, outcome: told(output, 'outcome') }).toEqual({
      code: 3,
      outcome: 'FAILED, nothing was deleted',
    });
    expect(output).toMatch(/no JSON/);
    expect(bench.received().slice(sent)).toEqual([]);
  });
});

describe('what a run looks at and sends', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = desk.fresh();
    expect((await bench.sync()).code).toBe(0);
  });

  /** A sync, with what it asked and sent. */
  async function syncing(...more: readonly string[]) {
    desk.stage.bitbucket.requests.length = 0;
    const from = bench.receiver.batches.length;
    const { code, output } = await bench.sync(...more);
    expect({ code, problems: bench.receiver.problems, output }).toMatchObject({ code: 0, problems: [] });
    const batches = bench.receiver.batches.slice(from);
    const resources = batches.reduce((sum, batch) => sum + batch.resources, 0);
    return { output, resources, kind: batches[0]?.kind, final: final(bench) };
  }

  it('--only users', async () => {
    const seen = await syncing('--only', 'users');
    expect(seen).toMatchObject({ resources: 0, final: { users: USERS, repositories: null } });
    expect(new Set(paths())).toEqual(new Set(['/rest/api/1.0/admin/users', '/rest/api/1.0/users']));
  });

  it('--only repositories', async () => {
    const seen = await syncing('--only', 'repositories');
    expect(seen).toMatchObject({ resources: 0, final: { users: null, repositories: REPOSITORIES } });
    const ofUsers = desk.stage.bitbucket.requests.filter(({ url }) => url.includes('/users'));
    expect(ofUsers.map(({ url }) => url)).toEqual(['/rest/api/1.0/users?limit=1']);
  });

  it('--full', async () => {
    expect(await syncing('--full')).toMatchObject({ kind: 'snapshot', resources: USERS + REPOSITORIES });
  });

  it('--full --only users sends all users and says nothing of repositories', async () => {
    const seen = await syncing('--full', '--only', 'users');
    expect(seen).toMatchObject({
      kind: 'delta',
      resources: USERS,
      final: { users: USERS, repositories: null },
    });
    expect(bench.receiver.repositories.size).toBe(REPOSITORIES);
  });

  it('--enrich adds what a base run then keeps', async () => {
    const gateway = () =>
      [...bench.receiver.repositories.values()].find(({ full_name }) => full_name === 'PLAT/gateway');
    expect(gateway()).toMatchObject({ default_branch_name: null, labels: null, last_commit_at: null });
    const { resources } = await syncing('--enrich');
    expect(resources).toBeGreaterThan(0);
    const enriched = gateway();
    expect(enriched).toMatchObject({ default_branch_name: 'main', labels: ['java', 'tier-1'] });
    expect(typeof enriched?.last_commit_at).toBe('string');
    expect(await syncing()).toMatchObject({ resources: 0 });
    expect(await syncing('--full')).toMatchObject({ resources: USERS + REPOSITORIES });
    expect(gateway()).toEqual(enriched);
  });
});
