import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { createWorld, type World } from '../../sandbox/bitbucket/world.ts';
import { entityId } from '../../src/inventory/entity-id.ts';
import { changedWorld, moveOn } from './changed-world.ts';
import { bodyOf, type CommandStage, startCommandStage, type Workbench } from './command.ts';
import { countsOf, heldBy, type Truth, truthOf } from './inventory-truth.ts';

const PROJECT_PLAT = 0;
const PROJECT_JANE = 3;
/** Rows 40 and 41 of the repositories, and 30 of the users, are not there yet. */
const EARLIER = createWorld({ repositories: 40, users: 30 });
const LATER = changedWorld(createWorld({ repositories: 42, users: 31 }), {
  users: {
    user18: { name: 'renamed', slug: 'renamed' },
    user19: { active: false, displayName: 'Another Name', lastSeen: 1_718_999_999_000 },
    'jörg.müller': { email: undefined },
    user20: { hidden: true },
    'access-token-user/2/1405': { hidden: true },
  },
  projects: { OPEN: { name: 'Renamed Project' } },
  repositories: {
    'PLAT/gateway': { slug: 'front-door', name: 'front-door' },
    'PLAT/monolith': { project: PROJECT_JANE },
    'PLAT/attic': { archived: false },
    'PLAT/empty': { hidden: true },
    'MOB_2/my-first-app': { project: PROJECT_PLAT, slug: 'my-app', description: 'moved and renamed' },
    '~LEFT.BEHIND/notes': { hidden: true },
  },
});

let desk: CommandStage;
let bitbucket: Bitbucket;
let bench: Workbench;
beforeAll(async () => {
  desk = await startCommandStage();
  bitbucket = await startBitbucket({ world: EARLIER });
  bench = desk.fresh();
});
afterAll(async () => {
  await bitbucket?.close();
  await desk?.close();
});

/** A run, and what of it was sent: ids of resources and tombstones. */
async function synced(...more: readonly string[]) {
  const { batches, problems } = bench.receiver;
  const before = { batches: batches.length, requests: bench.received().length };
  const { code, output } = await bench.ended(['sync', '--once', ...more], { BITBUCKET_URL: bitbucket.url });
  expect({ code, problems, output }).toMatchObject({ code: 0, problems: [] });
  const bodies = bench.received().slice(before.requests).map(bodyOf);
  const ids = (named: readonly { id: string }[]) => named.map(({ id }) => id);
  return {
    kinds: new Set(batches.slice(before.batches).map(({ kind }) => kind)),
    sent: bodies.flatMap(({ data }) => ids(data)).sort(),
    deleted: bodies.flatMap(({ meta }) => ids(meta.deleted)).sort(),
    final: batches.at(-1)?.final,
  };
}

const truth = (world: World, enriched = false) => truthOf({ url: bitbucket.url, world, enriched });
const idOf = (repository: number) =>
  entityId(bitbucket.url, 'repository', EARLIER.repositories.at(repository).id);

/** Every entity of both types by id, as text. */
const formsIn = ({ users, repositories }: Truth) =>
  new Map(Object.entries({ ...users, ...repositories }).map(([id, form]) => [id, JSON.stringify(form)]));

/** What a delta between two truths has to have in it. */
function difference(from: Truth, to: Truth) {
  const [before, after] = [formsIn(from), formsIn(to)];
  return {
    sent: [...after.keys()].filter((id) => before.get(id) !== after.get(id)).sort(),
    deleted: [...before.keys()].filter((id) => !after.has(id)).sort(),
  };
}

/** What base runs show: who was enriched once keeps it, who is new has none yet. */
function keptEnrichment(world: World, enrichedOnce: World): Truth {
  const [bare, enriched, known] = [truth(world), truth(world, true), truth(enrichedOnce)];
  const repositories = Object.entries(bare.repositories).map(([id, attributes]) => {
    const kept = id in known.repositories ? enriched.repositories[id] : undefined;
    return [id, kept ?? attributes];
  });
  return { users: bare.users, repositories: Object.fromEntries(repositories) };
}

describe('one run after the other, while Bitbucket changes', () => {
  it('the first sends all', async () => {
    const { kinds, final } = await synced();
    expect(kinds).toEqual(new Set(['snapshot']));
    expect(heldBy(bench.receiver)).toEqual(truth(EARLIER));
    expect(final).toMatchObject(countsOf(truth(EARLIER)));
  });

  it('an enrichment sends the repositories it tells more of, and no user', async () => {
    const { sent, deleted, kinds } = await synced('--enrich');
    expect(heldBy(bench.receiver)).toEqual(truth(EARLIER, true));
    expect({ sent, deleted }).toEqual(difference(truth(EARLIER), truth(EARLIER, true)));
    expect(kinds).toEqual(new Set(['delta']));
  });

  it('a base run keeps what the enrichment has read, and sends nothing', async () => {
    expect(await synced()).toMatchObject({ sent: [], deleted: [], final: countsOf(truth(EARLIER)) });
    expect(heldBy(bench.receiver)).toEqual(truth(EARLIER, true));
  });

  it('what has changed arrives as a delta with tombstones, and keeps its id and its enrichment', async () => {
    const gateway = bench.receiver.repositories.get(idOf(0));
    const monolith = bench.receiver.repositories.get(idOf(15));
    expect([gateway?.full_name, monolith?.full_name]).toEqual(['PLAT/gateway', 'PLAT/monolith']);
    bitbucket = await moveOn(bitbucket, LATER);
    const after = keptEnrichment(LATER, EARLIER);
    const { sent, deleted, kinds, final } = await synced();
    expect(kinds).toEqual(new Set(['delta']));
    expect(heldBy(bench.receiver)).toEqual(after);
    expect({ sent, deleted }).toEqual(difference(truth(EARLIER, true), after));
    expect(deleted).toHaveLength(4);
    expect(final).toEqual({ ...countsOf(after), skipped: 0 });
    expect(bench.receiver.repositories.get(idOf(0))).toEqual({
      ...gateway,
      ...{ full_name: 'PLAT/front-door', name: 'front-door' },
      repository_url: `${bitbucket.url}/scm/plat/front-door.git`,
      ssh_url: 'ssh://git@127.0.0.1:7999/plat/front-door.git',
      browse_url: `${bitbucket.url}/projects/PLAT/repos/front-door/browse`,
    });
    expect(bench.receiver.repositories.get(idOf(15))).toMatchObject({
      full_name: '~JANE_EXAMPLE/monolith',
      scm_project: { type: 'PERSONAL' },
      labels: monolith?.labels,
      last_commit_at: monolith?.last_commit_at,
    });
  });

  it('what comes back has the id it had', async () => {
    bitbucket = await moveOn(bitbucket, EARLIER);
    const { deleted } = await synced('--enrich');
    expect(deleted).toEqual(difference(truth(LATER), truth(EARLIER)).deleted);
    expect(heldBy(bench.receiver)).toEqual(truth(EARLIER, true));
    expect(await synced()).toMatchObject({ sent: [], deleted: [] });
  });
});
