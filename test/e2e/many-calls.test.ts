import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Stage, startStage } from '../../sandbox/stage.ts';

const API = '/rest/api/1.0';

/** A path and what its caller must see. Over the stream an answer that broke off may have begun. */
const KINDS = [
  ['/users?limit=1000', [200]],
  ['/projects/PLAT/repos/monolith/commits?limit=1000', [200]],
  ['/users/admin', [200]],
  ['/projects/PLAT/repos/none', [404]],
  ['/repos', [500]],
  ['/admin/groups', [502, 'broken off']],
  ['/application-properties', [502]],
  ['/admin/permissions/users', [401]],
  ['/projects/%2e%2e/x', [401]],
  ['/projects/VAULT', [401]],
] as const;

const CALLS = Array.from({ length: 200 }, (_, index) => {
  const [path, expected] = KINDS[index % KINDS.length] ?? KINDS[0];
  const over = index % 20 < 10 ? ('socket' as const) : ('stream' as const);
  return { path, over, expected, requestId: crypto.randomUUID() };
});

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
  const { faults } = stage.bitbucket;
  faults.add({ kind: 'late', ms: 100, match: `${API}/users/admin` });
  faults.add({ kind: 'cut', framing: 'length', match: `${API}/admin/groups` });
  faults.add({ kind: 'refuse', match: `${API}/application-properties` });
  faults.add({ kind: 'status', status: 500, match: `${API}/repos` });
});
afterAll(() => stage?.close());

it('200 calls of all kinds at once get exactly one answer each, their own', async () => {
  const seen = await Promise.all(
    CALLS.map(({ path, over, requestId }) => stage.call(path, { over, requestId }).catch(() => 'broken off')),
  );
  for (const [index, { path, over, expected, requestId }] of CALLS.entries()) {
    const answer = seen[index];
    const outcome = typeof answer === 'object' ? answer.status : answer;
    if (
      !(expected as readonly unknown[]).includes(outcome) ||
      (over === 'socket' && outcome === 'broken off')
    )
      throw new Error(`${path} over the ${over}: ${outcome}`);
    if (typeof answer === 'object') expect(answer.headers['snyk-request-id']).toBe(requestId);
    await stage.agent.waitForLog((line) => line.requestId === requestId, 5000);
  }
  const own = new Set(CALLS.map(({ requestId }) => requestId));
  const lines = stage.agent.log.filter(({ requestId }) =>
    own.has(`${requestId}` as (typeof CALLS)[0]['requestId']),
  );
  expect(lines).toHaveLength(CALLS.length);
  expect(stage.broker.log()).not.toContain('Unable to find request matching streaming id');
  expect(stage.agent.log.filter(({ message }) => message === 'tunnel down')).toEqual([]);
});
