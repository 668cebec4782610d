import { afterEach, describe, expect, it } from '@jest/globals';
import type { Repository } from '../../../sandbox/bitbucket/repositories.ts';
import { createWorld } from '../../../sandbox/bitbucket/world.ts';
import { BOTH_PASSES, codeOf, type Stage, type StageOptions, setStage, strike, visible } from './stage.ts';

afterEach(strike);

const API = '/bb/rest/api/1.0';
const refusal = (name: string) => JSON.stringify({ errors: [{ message: 'No.', exceptionName: name }] });

/** A stage whose run has collected. */
async function collected(
  options: StageOptions = {},
): Promise<Stage & { seen: Awaited<ReturnType<Stage['collect']>> }> {
  const stage = await setStage(options);
  const seen = await stage.collect(BOTH_PASSES);
  stage.bitbucket.requests.length = 0;
  return { ...stage, seen };
}

const shown = (stage: Stage): Repository[] => visible(stage.bitbucket.world).repositories;
const callsTo = (stage: Stage, path: string): string[] =>
  stage.bitbucket.requests.map(({ url }) => url).filter((url) => url.includes(path));

/** What the simulated world says of a repository. */
function truth({ empty, branchMissing, defaultBranch, labels, index }: Repository) {
  const at = empty || branchMissing ? null : new Date(1_718_020_800_000 - index * 60_000).toISOString();
  return {
    default_branch_name: defaultBranch,
    last_commit_at: at,
    labels: [...labels].sort(),
    repository_freshness: at === null ? 'n/a' : 'active',
  };
}

describe('the enrichment', () => {
  it('adds branch, last commit and labels to every repository', async () => {
    const world = createWorld({ projects: 12, repositories: 90 });
    const stage = await collected({ world });
    const outcome = await stage.enrich();
    expect(outcome).toEqual({ enriched: shown(stage).length, skipped: 0, skippedBy: {}, left: 0 });
    const records = stage.stored(stage.seen)('repository');
    for (const repository of shown(stage))
      expect(records.get(repository.id)).toMatchObject(truth(repository));
    expect(records.size).toBe(shown(stage).length);
  });

  it('tells how far it is', async () => {
    const stage = await collected();
    const heard: unknown[] = [];
    await stage.enrich({ concurrency: 1, progress: (progress) => void heard.push(progress) });
    const total = shown(stage).length;
    expect(heard).toEqual(
      Array.from({ length: total }, (_, index) => ({ stage: 'enrichment', done: index + 1, total })),
    );
  });

  it('reads times of Data Center 10 that are texts, and commits without one', async () => {
    const stage = await collected({ version: '10.2.1' });
    const commits = [
      [{ id: 'a', committerTimestamp: '2024-01-02T03:04:05+0000' }, '2024-01-02T03:04:05.000Z', 'inactive'],
      [{ id: 'a', authorTimestamp: 1_600_000_000_000 }, '2020-09-13T12:26:40.000Z', 'dormant'],
      [{ id: 'a' }, null, 'n/a'],
    ] as const;
    const repositories = shown(stage).filter(({ project }) => project === 0);
    for (const [index, [commit]] of commits.entries()) {
      const match = `${API}/projects/PLAT/repos/${repositories[index]?.slug}/commits`;
      const body = JSON.stringify({ values: [commit], isLastPage: true });
      stage.bitbucket.faults.add({ kind: 'status', status: 200, body, match });
    }
    await stage.enrich();
    const records = stage.stored(stage.seen)('repository');
    for (const [index, [, at, freshness]] of commits.entries())
      expect(records.get(repositories[index]?.id ?? 0)).toMatchObject({
        last_commit_at: at,
        repository_freshness: freshness,
      });
  });

  it('asks old servers in the old way, and learns that soon', async () => {
    const stage = await collected({ version: '6.10.0' });
    const unknown = refusal('');
    const match = ({ url }: { url: string }) => /\/(default-branch|labels)\b/.test(url);
    stage.bitbucket.faults.add({ kind: 'status', status: 404, body: unknown, match });
    await stage.enrich({ concurrency: 1 });
    expect(callsTo(stage, '/default-branch')).toHaveLength(3);
    expect(callsTo(stage, '/labels')).toHaveLength(3);
    const records = stage.stored(stage.seen)('repository');
    for (const repository of shown(stage)) {
      const { empty, branchMissing } = repository;
      expect(records.get(repository.id)).toMatchObject({
        ...truth(repository),
        labels: null,
        ...(empty || branchMissing ? { default_branch_name: null } : {}),
      });
    }
  });

  const NO_REPOSITORY = refusal('com.atlassian.bitbucket.repository.NoSuchRepositoryException');
  it.each([
    ['a 404', { kind: 'status', status: 404, body: NO_REPOSITORY }, 'not-found'],
    [
      'a missing permission',
      { kind: 'status', status: 401, body: refusal('com.atlassian.bitbucket.AuthorisationException') },
      'not-permitted',
    ],
    ['a 403', { kind: 'status', status: 403 }, 'not-permitted'],
    ['a 409', { kind: 'status', status: 409 }, 'refused'],
    ['a redirect', { kind: 'redirect', status: 307, location: '/elsewhere' }, 'moved'],
    ['a 503 that stays', { kind: 'status', status: 503 }, 'busy'],
    ['connections that break', { kind: 'refuse' }, 'no-answer'],
    ['a login page', { kind: 'login-page' }, 'unreadable'],
    ['JSON of another shape', { kind: 'status', status: 200, body: '[]' }, 'unreadable'],
  ] as const)('counts %s of one repository as a skip', async (_, fault, reason) => {
    for (const call of ['default-branch', 'commits', 'labels']) {
      const stage = await collected();
      stage.bitbucket.faults.add({ ...fault, match: `${API}/projects/PLAT/repos/gateway/${call}` });
      const { enriched, ...rest } = await stage.enrich();
      const skippedBy = { [`repository:${reason}`]: 1 };
      expect({ call, ...rest }).toEqual({ call, skipped: 1, skippedBy, left: 0 });
      expect(enriched).toBe(shown(stage).length - 1);
      const gateway = stage.bitbucket.world.repositories.at(0).id;
      expect(stage.skips).toMatchObject([{ type: 'repository', reason, what: `repository ${gateway}` }]);
      await strike();
    }
  });

  it('keeps what was known of a repository that cannot be read', async () => {
    const stage = await collected();
    await stage.enrich();
    const seen = await stage.collect(BOTH_PASSES);
    stage.bitbucket.faults.add({
      kind: 'status',
      status: 404,
      body: NO_REPOSITORY,
      match: `${API}/projects/PLAT/repos/gateway/`,
    });
    expect(await stage.enrich()).toMatchObject({ skipped: 1 });
    const gateway = stage.bitbucket.world.repositories.at(0);
    expect(stage.stored(seen)('repository').get(gateway.id)).toMatchObject(truth(gateway));
  });

  const PROXY_404 = { kind: 'status', status: 404, body: '<html>' } as const;
  it.each([
    1, 4,
  ])('takes a 404 of a proxy for nothing about the server: %s at a time', async (concurrency) => {
    for (const call of ['default-branch', 'labels']) {
      const stage = await collected();
      await stage.enrich();
      const seen = await stage.collect(BOTH_PASSES);
      const matches = ({ url }: { url: string }) => url.includes(`/${call}`);
      stage.bitbucket.faults.add({ ...PROXY_404, match: matches, times: 1 });
      await stage.enrich({ concurrency });
      const records = stage.stored(seen)('repository');
      for (const repository of shown(stage))
        expect(records.get(repository.id)).toMatchObject(truth(repository));
      await strike();
    }
  });

  it.each([
    'default-branch',
    'labels',
  ])('counts a 404 without a word as a skip where %s is known', async (call) => {
    const stage = await collected();
    await stage.enrich();
    const seen = await stage.collect(BOTH_PASSES);
    let asked = 0;
    const matches = ({ url }: { url: string }) => {
      if (url.includes(`/${call}`)) asked += 1;
      return url.includes(`/${call}`) && asked === 5;
    };
    stage.bitbucket.faults.add({ ...PROXY_404, match: matches });
    const { enriched, skippedBy } = await stage.enrich({ concurrency: 1 });
    expect(skippedBy).toEqual({ 'repository:not-found': 1 });
    expect(enriched).toBe(shown(stage).length - 1);
    const records = stage.stored(seen)('repository');
    for (const repository of shown(stage))
      expect(records.get(repository.id)).toMatchObject(truth(repository));
  });

  it('fails when the login stops working', async () => {
    const stage = await collected();
    stage.bitbucket.faults.add({
      kind: 'status',
      status: 401,
      body: refusal(''),
      match: `${API}/projects/PLAT`,
    });
    expect(await codeOf(stage.enrich())).toBe('BITBUCKET_REFUSED');
    expect(stage.budget.state()).toMatchObject({ inFlight: 0, waiting: 0 });
  });

  it('fails when the server is gone, soon and not one repository after the other', async () => {
    const world = createWorld({ repositories: 300 });
    const stage = await collected({ world });
    await stage.enrich({ shouldYield: yieldAfter(50) });
    stage.bitbucket.faults.add({ kind: 'refuse', match: API });
    stage.bitbucket.requests.length = 0;
    expect(await codeOf(stage.enrich())).toBe('DOWNSTREAM_ERROR');
    expect(new Set(callsTo(stage, '/repos/')).size).toBeLessThan(40);
    expect(callsTo(stage, '/projects?limit=1').length).toBeGreaterThan(0);
  });

  it('goes on when many repositories in a row fail and the server does not', async () => {
    const world = createWorld({ repositories: 300 });
    const stage = await collected({ world });
    const offline = ({ url }: { url: string }) => /-\d+\/default-branch$/.test(url) && !/-2\d\d\//.test(url);
    stage.bitbucket.faults.add({ kind: 'status', status: 503, match: offline });
    const { enriched, skippedBy } = await stage.enrich();
    expect(skippedBy['repository:busy']).toBeGreaterThan(100);
    expect(enriched).toBe(shown(stage).length - (skippedBy['repository:busy'] ?? 0));
  });

  it('makes way, and goes on where it was', async () => {
    const stage = await collected();
    const first = await stage.enrich({ shouldYield: yieldAfter(10) });
    const total = shown(stage).length;
    expect(first.enriched).toBe(10);
    expect(first.left).toBe(total - 10);
    expect(stage.ledger.placesLeft()).toBe(first.left);
    expect(await stage.enrich()).toMatchObject({ enriched: total - 10, left: 0 });
  });

  it('stops when it is told to, and says so', async () => {
    const stage = await collected();
    const stop = new AbortController();
    stage.bitbucket.faults.add({ kind: 'hang', match: ({ url }) => url.includes('/commits') });
    const pass = codeOf(stage.enrich({ signal: stop.signal }));
    await stage.bitbucket.arrival(({ url }) => url.includes('/commits'));
    stop.abort();
    expect(await pass).toBe('RUN_INTERRUPTED');
    expect(stage.budget.state()).toMatchObject({ inFlight: 0, waiting: 0 });
    expect(stage.skips).toEqual([]);
  });

  it('does not read what the operator leaves out', async () => {
    const stage = await collected({
      privacy: { omitFields: ['repository.labels', 'repository.last_commit_at'] },
    });
    await stage.enrich();
    expect(callsTo(stage, '/labels')).toEqual([]);
    expect(callsTo(stage, '/commits')).toEqual([]);
    const [record] = stage.stored(stage.seen)('repository').values();
    expect(Object.keys(record ?? {})).not.toContain('labels');
    expect(Object.keys(record ?? {})).not.toContain('last_commit_at');
    expect(record).toMatchObject({ default_branch_name: expect.any(String), repository_freshness: 'n/a' });
  });

  it('leaves a run without changes byte for byte as it was', async () => {
    const stage = await collected();
    await stage.enrich();
    const first = recordsOf(stage, stage.seen);
    const again = await stage.collect({ ...BOTH_PASSES, enrichment: false });
    expect(recordsOf(stage, again)).toEqual(first);
    const whole = await stage.collect(BOTH_PASSES);
    await stage.enrich();
    expect(recordsOf(stage, whole)).toEqual(first);
  });
});

function recordsOf(stage: Stage, seen: Awaited<ReturnType<Stage['collect']>>): string[] {
  stage.ledger.collected(seen);
  return stage.ledger.pending(1000).map(({ sourceId, record }) => `${sourceId} ${record}`);
}

/** Says yes from the question after the `count`th on. */
function yieldAfter(count: number): () => boolean {
  let asked = 0;
  return () => {
    asked += 1;
    return asked > count;
  };
}
