import { afterEach, describe, expect, it } from '@jest/globals';
import type { Repository } from '../../../sandbox/bitbucket/repositories.ts';
import { collectMarked } from '../../../src/inventory/collect/marked.ts';
import { planOf } from '../../../src/inventory/collect/plan.ts';
import type { Place } from '../../../src/inventory/ledger/ledger.ts';
import {
  acceptWithout,
  asked,
  BOTH_PASSES,
  codeOf,
  NOW,
  PERMISSION,
  REPOSITORIES_ONLY,
  refusal,
  type Stage,
  type StageOptions,
  setStage,
  strike,
  visible,
} from './stage.ts';

afterEach(strike);

const API = '/bb/rest/api/1.0';

/** A stage on which a whole run was delivered, so that only what changes from now on waits. */
async function delivered(options: StageOptions = {}): Promise<Stage> {
  const stage = await setStage(options);
  const seen = await stage.collect(REPOSITORIES_ONLY);
  stage.ledger.collected(seen);
  stage.offerAll();
  stage.ledger.finish('failed', new Date(NOW).toISOString());
  stage.bitbucket.requests.length = 0;
  return stage;
}

/** A run over marked repositories up to where all is read. */
async function look(stage: Stage, places: readonly Place[]) {
  const { ledger, calls, privacy, normaliser } = stage;
  const at = new Date(NOW).toISOString();
  ledger.start({ runId: 'marked', scope: BOTH_PASSES, kind: 'delta', partial: true, startedAt: at });
  const plan = planOf(BOTH_PASSES, privacy, calls, true);
  const parts = { calls, ledger, privacy, normaliser, concurrency: 4, now: () => NOW };
  const { signal } = new AbortController();
  const seen = await collectMarked({ ...parts, plan, scope: BOTH_PASSES, signal }, places);
  return { seen, left: ledger.placesLeft() };
}

function shown(stage: Stage): Repository[] {
  return visible(stage.bitbucket.world).repositories;
}

function place(stage: Stage, { id, project, slug }: Repository): Place {
  return { sourceId: id, projectKey: stage.bitbucket.world.projects.at(project).key, slug };
}

describe('marked repositories', () => {
  it('are read one by one at their places, and nothing else is', async () => {
    const stage = await delivered();
    const marked = shown(stage)
      .slice(0, 3)
      .map((repository) => place(stage, repository));
    const { seen, left } = await look(stage, marked);
    expect(seen).toEqual({ users: null, repositories: null, skipped: 0, skippedBy: {}, usersFrom: null });
    expect(left).toBe(3);
    expect(asked(stage, '/projects').sort()).toEqual(
      marked.map(({ projectKey, slug }) => `/projects/${projectKey}/repos/${slug}`).sort(),
    );
    expect(asked(stage, '/repos')).toEqual([]);
  });

  it('have the same form as in the lists', async () => {
    const stage = await delivered();
    const { seen } = await look(
      stage,
      shown(stage).map((repository) => place(stage, repository)),
    );
    expect(seen.skipped).toBe(0);
    stage.ledger.collected(seen);
    expect(stage.ledger.pendingCount()).toBe(0);
  });

  it('are what Bitbucket says, not what the mark said: another id at the place is left alone', async () => {
    const stage = await delivered();
    const [one, other] = shown(stage);
    if (one === undefined || other === undefined) throw new Error('this world is too small');
    const { seen, left } = await look(stage, [{ ...place(stage, other), sourceId: one.id }]);
    expect(seen.skippedBy).toEqual({ 'repository:other-repository': 1 });
    expect(left).toBe(0);
    stage.ledger.collected(seen);
    expect(stage.ledger.pendingCount()).toBe(0);
  });

  it('are never looked for in projects that the operator has left out', async () => {
    const stage = await delivered({ privacy: { excludeProjects: ['PLAT'] } });
    const id = shown(stage)[0]?.id ?? 0;
    const { seen } = await look(stage, [{ sourceId: id, projectKey: 'PLAT', slug: 'gateway' }]);
    expect(seen.skippedBy).toEqual({ 'repository:other-repository': 1 });
    expect(asked(stage, '/projects/PLAT')).toEqual([]);
  });

  it.each([
    ['..', 'gateway'],
    ['PLAT', '..'],
    ['PLAT', 'a/b'],
    ['PLAT', 'a%2fb'],
    ['PLAT;x', 'gateway'],
  ])('are not asked for at places that the gate refuses: %j %j', async (projectKey, slug) => {
    const stage = await delivered();
    const { seen } = await look(stage, [{ sourceId: 1, projectKey, slug }]);
    expect(seen.skippedBy).toEqual({ 'repository:odd-slug': 1 });
    expect(asked(stage, '/projects')).toEqual([]);
  });

  it.each([
    [404, refusal('com.atlassian.bitbucket.repository.NoSuchRepositoryException'), 'not-found'],
    [401, PERMISSION, 'not-permitted'],
    [301, '', 'moved'],
    [200, '<html>log in</html>', 'unreadable'],
    [200, '{"id": "1"}', 'bad-id'],
  ])('that Bitbucket answers with %d %s are a counted skip, and keep what was known', async (status, body, reason) => {
    const stage = await delivered();
    const [one, other] = shown(stage).map((repository) => place(stage, repository));
    if (one === undefined || other === undefined) throw new Error('this world is too small');
    const match = `${API}/projects/${one.projectKey}/repos/${one.slug}`;
    stage.bitbucket.faults.add({ kind: 'status', status, body, match });
    const { seen, left } = await look(stage, [one, other]);
    expect(seen.skippedBy).toEqual({ [`repository:${reason}`]: 1 });
    expect(left).toBe(1);
    stage.ledger.collected(seen);
    expect(stage.ledger.pendingCount()).toBe(0);
  });

  it('fail the run when the login is none any more', async () => {
    const stage = await delivered();
    const [one] = shown(stage).map((repository) => place(stage, repository));
    const body = refusal('com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException');
    stage.bitbucket.faults.add({ kind: 'status', status: 401, body, match: `${API}/` });
    expect(await codeOf(look(stage, one === undefined ? [] : [one]))).toBe('BITBUCKET_REFUSED');
  });

  it('need their own rule, and no rule for lists', async () => {
    const own = {
      path: '/projects/:projectKey/repos/:repositorySlug',
      origin: 'https://${BITBUCKET_API}',
      auth: { scheme: 'bitbucket' },
    };
    const users = { ...own, path: '/users' };
    const narrow = await setStage({ accept: JSON.stringify({ private: [own, users] }) });
    const [one] = shown(narrow).map((repository) => place(narrow, repository));
    expect((await look(narrow, one === undefined ? [] : [one])).left).toBe(1);
    const lists = await setStage({ accept: acceptWithout() });
    expect(await codeOf(look(lists, []))).toBe('RULE_MISSING');
  });
});
