import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { until } from '../../sandbox/deadline.ts';
import { createEssentialsReceiver, type EssentialsReceiver } from '../../sandbox/essentials-receiver.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { entityId } from '../../src/inventory/entity-id.ts';
import { changedWorld, moveOn } from './changed-world.ts';
import { heldBy, truthOf } from './inventory-truth.ts';
import { ask } from './public-port.ts';

const SECRET = 'hook-secret';
const WAIT_MS = 30_000;
const EARLIER = createWorld({ repositories: 40, users: 30 });
/** Much has changed, and webhooks tell of two: the gateway was renamed, the monolith is archived and has another branch. */
const LATER = changedWorld(EARLIER, {
  users: { user18: { hidden: true } },
  projects: { OPEN: { name: 'Renamed Project' } },
  repositories: {
    'PLAT/gateway': { slug: 'front-door', name: 'front-door' },
    'PLAT/monolith': { archived: true, defaultBranch: 'trunk', labels: ['old'] },
    'PLAT/attic': { description: 'nobody told of this one' },
    'PLAT/empty': { hidden: true },
  },
});

let stage: Stage;
let bitbucket: Bitbucket;
let held: EssentialsReceiver;
beforeAll(async () => {
  bitbucket = await startBitbucket({ world: EARLIER });
  stage = await startStage({
    agentEnv: { BITBUCKET_URL: bitbucket.url, WEBHOOK_SECRET: SECRET, INVENTORY_ENABLED: undefined },
    withAgent: false,
  });
  held = createEssentialsReceiver({ received: stage.receiver.received });
  stage.receiver.respond((request) =>
    request.url.startsWith('/webhook/') ? { status: 500 } : held.respond(request),
  );
  await stage.startAgent();
});
afterAll(async () => {
  await stage?.close();
  await bitbucket?.close();
});

const truth = (world = EARLIER) => truthOf({ url: bitbucket.url, world, enriched: true });
const idOf = (row: number) => entityId(bitbucket.url, 'repository', EARLIER.repositories.at(row).id);

function rowOf(path: string): number {
  const rows = Array.from({ length: EARLIER.repositories.length }, (_, row) => row);
  const row = rows.find((at) => {
    const { project, slug } = EARLIER.repositories.at(at);
    return `${EARLIER.projects.at(project).key}/${slug}` === path;
  });
  if (row === undefined) throw new Error(`no ${path}`);
  return row;
}

function webhook(key: string, event: unknown, secret = SECRET) {
  const body = JSON.stringify(event);
  const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  return ask(`${stage.agentUrl}/webhook/bitbucket-server/1`, {
    method: 'POST',
    body,
    headers: { 'x-event-key': key, 'x-hub-signature': signature },
  });
}

const repository = (row: number, slug = EARLIER.repositories.at(row).slug, key = 'PLAT') => ({
  ...{ id: EARLIER.repositories.at(row).id, slug, project: { key } },
});

describe('webhooks that tell of a repository', () => {
  it('have just these read and delivered, though Snyk does not take the webhooks, and nothing is deleted', async () => {
    await until(() => (held.batches.filter(({ final }) => final !== null).length >= 2 ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'the first inventory and its enrichment',
    });
    await stage.agent.waitForLog(
      (line) => line.message === 'inventory run complete' && String(line.parts) === 'repositories,enrichment',
      WAIT_MS,
    );
    expect(heldBy(held)).toEqual(truth());
    const [gateway, monolith] = [rowOf('PLAT/gateway'), rowOf('PLAT/monolith')];
    bitbucket = await moveOn(bitbucket, LATER);

    const now = repository(gateway, 'front-door');
    expect((await webhook('repo:modified', { old: repository(gateway), new: now })).status).toBe(500);
    expect((await webhook('repo:refs_changed', { repository: repository(monolith) })).status).toBe(500);
    // Not known, not signed, no event of a repository, and at the place of another one.
    const unknown = { id: 999_999, slug: 'front-door', project: { key: 'PLAT' } };
    expect((await webhook('repo:refs_changed', { repository: unknown })).status).toBe(500);
    const attic = repository(rowOf('PLAT/attic'));
    expect((await webhook('repo:refs_changed', { repository: attic }, 'forged')).status).toBe(401);
    expect((await webhook('pr:opened', { repository: attic })).status).toBe(500);
    const swapped = repository(rowOf('PLAT/attic'), 'monolith');
    expect((await webhook('repo:refs_changed', { repository: swapped })).status).toBe(500);

    const line = await stage.agent.waitForLog(
      ({ message, partial }) => message === 'inventory run complete' && partial === true,
      WAIT_MS,
    );
    expect(line).toMatchObject({
      ...{ kind: 'delta', added: 0, changed: 2, deleted: 0, sent: 2 },
      ...{ skipped: 1, skippedBy: { 'repository:other-repository': 1 } },
    });
    const [before, after] = [truth(), truth(LATER)];
    const told = [idOf(gateway), idOf(monolith)];
    expect(heldBy(held)).toEqual({
      users: before.users,
      repositories: {
        ...before.repositories,
        ...Object.fromEntries(told.map((id) => [id, after.repositories[id]])),
      },
    });
    expect(told.map((id) => after.repositories[id])).not.toEqual(told.map((id) => before.repositories[id]));
    expect(held.batches.at(-1)?.final).toEqual({ users: null, repositories: null, skipped: 1 });
    expect(held.problems).toEqual([]);
    const paths = bitbucket.requests.map(({ url }) => url.replace('/rest/api/1.0', ''));
    expect(paths.filter((path) => /^\/(repos|projects)(\?|$)|\/repos\?/.test(path))).toEqual([]);
    expect(paths.filter((path) => path.includes('attic'))).toEqual([]);
  }, 90_000);
});
