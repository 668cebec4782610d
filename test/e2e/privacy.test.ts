import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentProcess } from '../../sandbox/agent-process.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { entityId } from '../../src/inventory/entity-id.ts';
import { changedWorld } from './changed-world.ts';
import { type CommandStage, filesIn, gate, startCommandStage, told, type Workbench } from './command.ts';

const WAIT_MS = 10_000;

/** A user with a personal project, and a project nobody is to hear of; one repository in each. */
const WORLD = changedWorld(createWorld(), {
  users: {
    'jane@example': {
      name: 'canary.login@corp',
      slug: 'canary.slug_corp',
      displayName: 'Žofie Canary-Displayname',
      email: 'Canary.Mail@example.com',
      lastSeen: 1_700_000_123_000,
    },
  },
  projects: {
    '~JANE_EXAMPLE': { key: '~CANARY.SLUG_CORP', name: 'Žofie Canary-Displayname' },
    OPEN: { key: 'CANARY_KEY', name: 'Canary Project–Name' },
  },
  repositories: {
    '~JANE_EXAMPLE/gateway': { description: 'canary description "of" gateway', labels: ['canary-label'] },
    'OPEN/lib.core_2': { slug: 'canary-slug-of-repository', name: 'Canary Name of Repository' },
  },
});
const PERSON = ['canary.login', 'canary.slug', 'canary-displayname', 'canary.mail'];
const LEFT_OUT_FIELDS = [
  'canary-displayname',
  'canary.mail',
  '2023-11-14T22:15:23',
  'canary description',
  'canary-label',
];
const PROJECT = ['canary_key', 'canary project', 'canary-slug-of', 'canary name of'];
const OMIT_FIELDS = [
  'user.name',
  'user.email',
  'user.last_authenticated_at',
  'repository.description',
  'repository.labels',
  'repository.scm_project.name',
].join();

/** The origin of a fork, known by its id alone. */
const parentId = () => entityId(desk.stage.bitbucket.url, 'repository', WORLD.repositories.at(0).id);

let desk: CommandStage;
let agent: AgentProcess | undefined;
beforeAll(async () => {
  desk = await startCommandStage({ bitbucket: { world: WORLD } });
});
afterAll(() => desk?.close());
afterEach(() => agent?.close());

type Variables = Readonly<Record<string, string>>;

/** Which of the words are in a text, however they are spelled there. */
function found(words: readonly string[], texts: Readonly<Record<string, string | Buffer>>): string[] {
  return Object.entries(texts).flatMap(([where, raw]) => {
    const text = raw.toString('utf8').toLowerCase();
    const plain = text.replace(/%[0-9a-f]{2}/g, decoded);
    return words
      .map((word) => word.toLowerCase())
      .filter((word) => text.includes(word) || plain.includes(word))
      .map((word) => `${word} in ${where}`);
  });
}

const decoded = (triplet: string) => String.fromCharCode(Number.parseInt(triplet.slice(1), 16));

/** Bytes of the state folder as they are now, under names of their own. */
const stateOf = (bench: Workbench, when: string) =>
  Object.fromEntries(
    Object.entries(filesIn(bench.stateDir)).map(([name, bytes]) => [`${name} ${when}`, bytes]),
  );

const received = (bench: Workbench) =>
  Object.fromEntries(bench.received().map(({ body }, index) => [`batch ${index + 1}`, body]));

/** What the files hold that `sync --dry-run` writes, and what `preview` shows. */
async function rehearsed(bench: Workbench, env: Variables): Promise<Record<string, string | Buffer>> {
  const folder = mkdtempSync(join(desk.stage.agentEnv.STATE_DIR ?? '', 'would-leave-'));
  const shown = async (...args: string[]) => {
    const { code, output } = await bench.ended(args, env);
    expect({ args, code, output }).toMatchObject({ args, code: 0 });
    return [args.join(' '), output];
  };
  const outputs = await Promise.all([
    shown('sync', '--dry-run', '--enrich', '--out', folder),
    shown('preview', 'users', '--limit', '99'),
    shown('preview', 'users', '--limit', '99', '--format', 'json'),
    shown('preview', 'repositories', '--limit', '99'),
    shown('preview', 'repositories', '--limit', '99', '--format', 'json'),
  ]);
  const files = filesIn(folder);
  expect(Object.keys(files).sort()).toEqual(['batches.ndjson', 'repositories.ndjson', 'users.ndjson']);
  return { ...files, ...Object.fromEntries(outputs) };
}

/** A run, with the state folder as it was in the middle of the delivery and afterwards, and what it said. */
async function delivered(bench: Workbench, env: Variables): Promise<Record<string, string | Buffer>> {
  const held = gate();
  desk.stage.receiver.respond(async (request) => {
    await held.passed;
    return bench.receiver.respond(request);
  });
  const count = bench.received().length;
  const sync = await bench.begin(['sync', '--once', '--enrich'], { ...env, LOG_LEVEL: 'info' });
  await desk.stage.receiver.waitFor((request) => bench.received().indexOf(request) >= count, WAIT_MS);
  const middle = stateOf(bench, 'in mid-delivery');
  expect(middle['ledger.db-wal in mid-delivery']?.length).toBeGreaterThan(0);
  held.open();
  expect((await sync.exited).code).toBe(0);
  return { ...middle, ...stateOf(bench, 'at the end'), ...received(bench), 'sync --once': sync.output() };
}

/** What `run` answers from the inventory, through the broker server. */
async function pulled(bench: Workbench, env: Variables): Promise<Record<string, Buffer>> {
  agent = await desk.stage.startAgent({ STATE_DIR: bench.stateDir, ...env });
  const answers: Record<string, Buffer> = {};
  for (const list of ['users', 'repositories', 'runs']) {
    const { status, body } = await desk.stage.call(`/essentials/v1/${list}?limit=1000`);
    expect({ list, status }).toEqual({ list, status: 200 });
    answers[list] = body;
  }
  expect((await agent.terminate()).code).toBe(0);
  return answers;
}

/** All that leaves and all that is kept. */
async function everything(bench: Workbench, env: Variables): Promise<Record<string, string | Buffer>> {
  const first = await rehearsed(bench, env);
  return { ...first, ...(await delivered(bench, env)), ...(await pulled(bench, env)) };
}

describe('what is left out is nowhere: not in previews, batches, answers to the broker server, nor in STATE_DIR', () => {
  it('OMIT_FIELDS and EXCLUDE_PROJECTS', async () => {
    const bench = desk.fresh();
    const all = await everything(bench, { OMIT_FIELDS, EXCLUDE_PROJECTS: 'canary_*,plat' });
    expect(found([...LEFT_OUT_FIELDS, ...PROJECT, 'plat/', parentId()], all)).toEqual([]);
    expect(bench.receiver.users.size).toBe(28);
    expect(found(['canary.slug_corp/gateway'], received(bench))).toHaveLength(1);
    expect(bench.receiver.problems).toEqual([]);
  });

  it('PSEUDONYMISE=users and INCLUDE_PROJECTS; a second run sends nothing', async () => {
    const bench = desk.fresh();
    const env = { PSEUDONYMISE: 'users', INCLUDE_PROJECTS: 'MOB_?,~*' };
    const all = await everything(bench, env);
    expect(found([...PERSON, ...PROJECT, 'plat/', parentId()], all)).toEqual([]);
    expect(bench.receiver.users.size).toBe(28);
    const hidden = expect.stringMatching(/^~[0-9a-f]{32}$/);
    const keys = [...bench.receiver.repositories.values()].map(
      ({ full_name: name }) => String(name).split('/')[0],
    );
    expect([...new Set(keys)].sort()).toEqual(['MOB_2', hidden, hidden]);
    expect(found(['canary description', 'canary-label'], received(bench)).length).toBeGreaterThan(0);
    const again = await bench.ended(['sync', '--once'], env);
    expect(again.code).toBe(0);
    expect(told(again.output, 'sent')).toBe('0');
  });
});

describe('settings that change between two runs', () => {
  it('what is left out from now on is wiped, also where the first run was killed with batches in its outbox', async () => {
    const bench = desk.fresh();
    const words = [...new Set([...PERSON, ...LEFT_OUT_FIELDS, ...PROJECT])];
    const never = new Promise<never>(() => {});
    desk.stage.receiver.respond((request) => {
      bench.receiver.respond(request);
      return never;
    });
    const first = await bench.begin(['sync', '--once', '--enrich']);
    await desk.stage.receiver.waitFor((request) => bench.received().includes(request), WAIT_MS);
    await first.terminate('SIGKILL');
    const before = Buffer.concat(Object.values(stateOf(bench, '')));
    expect(found(words, { state: before })).toHaveLength(words.length);
    expect(found([parentId()], { state: before })).toHaveLength(1);
    expect(found(words, { batch: bench.received()[0]?.body ?? '' })).toHaveLength(words.length);

    const env = { OMIT_FIELDS, PSEUDONYMISE: 'users', EXCLUDE_PROJECTS: 'CANARY_KEY' };
    const count = bench.received().length;
    agent = await desk.stage.startAgent({ STATE_DIR: bench.stateDir, ...env });
    expect((await desk.stage.call('/essentials/v1/users')).status).toBe(503);
    await agent.close();
    const all = await delivered(bench, env);
    delete all['batch 1'];
    // The calls of the first run stay in the audit trail until retention removes them.
    for (const name of Object.keys(all)) if (name.startsWith('audit/')) delete all[name];
    expect(count).toBe(1);
    expect(found(words, { ...all, ...(await pulled(bench, env)) })).toEqual([]);
    const { users, repositories, problems } = bench.receiver;
    expect(
      found(words, { users: JSON.stringify([...users]), repositories: JSON.stringify([...repositories]) }),
    ).toEqual([]);
    expect(users.size).toBe(28);
    expect(problems).toEqual([]);
  });
});
