import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ReceivedRequest } from '../../sandbox/receiver.ts';
import {
  bodyOf,
  type CommandStage,
  filesIn,
  startCommandStage,
  stateFilesIn,
  told,
  type Workbench,
} from './command.ts';

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(() => desk?.close());

const linesOf = (folder: string, file: string) =>
  readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1);

/** Bytes that went out, as text, with the run ids that are not among `known` made alike. */
function withoutRunIds(texts: readonly string[], known: ReadonlySet<string> = new Set()): string[] {
  return texts.map((text) => {
    const { run_id: runId } = JSON.parse(text).meta;
    return known.has(runId) ? text : text.replaceAll(runId, 'RUN');
  });
}

const textsOf = (requests: readonly ReceivedRequest[]) => requests.map(({ body }) => body.toString('utf8'));

/** What the state folder knows, by file. Who only reads with SQLite leaves an empty log and an index of it behind. */
function stateIn(folder: string): Record<string, string> {
  const files = Object.entries(stateFilesIn(folder)).filter(
    ([name, { length }]) => !/-shm$/.test(name) && length > 0,
  );
  return Object.fromEntries(
    files.map(([name, bytes]) => [name, createHash('sha256').update(bytes).digest('hex')]),
  );
}

/** A dry run that must leave no trace; gives what would leave. */
async function rehearsal(
  bench: Workbench,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = mkdtempSync(join(desk.stage.agentEnv.STATE_DIR ?? '', 'would-leave-'));
  const before = stateIn(bench.stateDir);
  const sent = bench.received().length;
  const connections = desk.stage.broker.log().split('New client connection').length;
  const temporary = mkdtempSync(join(desk.stage.agentEnv.STATE_DIR ?? '', 'tmp-'));
  const command = ['sync', '--dry-run', '--out', folder, ...args];
  const { code, output } = await bench.ended(command, { ...env, TMPDIR: temporary, LOG_LEVEL: 'info' });
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).not.toMatch(/tunnel/);
  expect(filesIn(temporary)).toEqual({});
  expect(stateIn(bench.stateDir)).toEqual(before);
  expect(bench.received()).toHaveLength(sent);
  expect(desk.stage.broker.log().split('New client connection')).toHaveLength(connections);
  return folder;
}

/** What the next real run sends. */
async function realRun(
  bench: Workbench,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const from = bench.received().length;
  const { code, output } = await bench.ended(['sync', '--once', ...args], env);
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(bench.receiver.problems).toEqual([]);
  return textsOf(bench.received().slice(from));
}

describe('sync --dry-run writes what a real run then sends, leaves no trace and opens no tunnel', () => {
  async function expectSame(
    bench: Workbench,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<string[]> {
    const folder = await rehearsal(bench, args, env);
    const written = linesOf(folder, 'batches.ndjson');
    const sent = await realRun(bench, args, env);
    expect(withoutRunIds(written)).toEqual(withoutRunIds(sent));
    const resources = sent.flatMap((text) => JSON.parse(text).data);
    for (const [type, file] of [
      ['user', 'users.ndjson'],
      ['repository', 'repositories.ndjson'],
    ] as const) {
      const wanted = resources.filter((resource: { type: string }) => resource.type === type);
      expect(linesOf(folder, file)).toEqual(wanted.map((resource: object) => JSON.stringify(resource)));
    }
    return sent;
  }

  it('first, then only what changed, then everything', async () => {
    const bench = desk.fresh();
    const all = await expectSame(bench);
    expect(all).toHaveLength(2);
    expect(Object.keys(filesIn(bench.stateDir))).toContain('ledger.db');
    const nothing = await expectSame(bench);
    expect(nothing.map((text) => JSON.parse(text).data)).toEqual([[]]);
    const enriched = await expectSame(bench, ['--enrich']);
    expect(JSON.parse(enriched[0] ?? '').data.length).toBeGreaterThan(0);
    await expectSame(bench, ['--full', '--only', 'users']);
  });

  it('with what an earlier run left in the outbox', async () => {
    const bench = desk.fresh();
    desk.stage.receiver.respond(() => ({ status: 404 }));
    expect((await bench.sync()).code).toBe(3);
    const [refused] = bench.received();
    const known = new Set([refused && bodyOf(refused).meta.run_id]);
    desk.stage.receiver.respond(bench.receiver.respond);
    const written = linesOf(await rehearsal(bench), 'batches.ndjson');
    const sent = await realRun(bench);
    expect(withoutRunIds(written, known)).toEqual(withoutRunIds(sent, known));
    expect(sent[0]).toBe(refused?.body.toString('utf8'));
  });

  it('after the privacy settings have changed', async () => {
    const bench = desk.fresh();
    await realRun(bench);
    const env = { OMIT_FIELDS: 'user.email', EXCLUDE_PROJECTS: '~*' };
    const sent = await expectSame(bench, [], env);
    expect(JSON.parse(sent[0] ?? '').data.length).toBeGreaterThan(0);
  });

  it('of a folder that cannot be written says so, exit code 3', async () => {
    const bench = desk.fresh();
    const { code, output } = await bench.ended(['sync', '--dry-run', '--out', '/dev/null/x']);
    expect(code).toBe(3);
    expect(output).toMatch(/Give --out a folder that this user may write to/);
    expect(stateFilesIn(bench.stateDir)).toEqual({});
  });
});

describe('preview', () => {
  const preview = async (bench: Workbench, ...args: string[]) => {
    const { code, output } = await bench.ended(['preview', ...args]);
    expect({ code, output }).toMatchObject({ code: 0 });
    return output;
  };

  it('shows exactly what a run sends, as JSON, before and after a run; keeps nothing, sends nothing', async () => {
    const bench = desk.fresh();
    const early = JSON.parse(await preview(bench, 'users', '--limit', '100', '--format', 'json'));
    expect(stateFilesIn(bench.stateDir)).toEqual({});
    expect(bench.received()).toEqual([]);
    await realRun(bench, ['--enrich']);
    const { users, repositories } = bench.receiver;
    expect(early).toHaveLength(users.size);
    for (const { type, id, attributes } of early) {
      expect({ type, attributes }).toEqual({ type: 'user', attributes: users.get(id) });
    }
    const before = stateIn(bench.stateDir);
    const few = JSON.parse(await preview(bench, 'repositories', '--limit', '7', '--format', 'json'));
    expect(few).toHaveLength(7);
    for (const { type, id, attributes } of few) {
      expect({ type, attributes }).toEqual({ type: 'repository', attributes: repositories.get(id) });
    }
    expect(stateIn(bench.stateDir)).toEqual(before);
  });

  it('as a table, with 20 rows unless told otherwise', async () => {
    const bench = desk.fresh();
    const users = (await preview(bench, 'users')).split('\n');
    expect(users).toHaveLength(21);
    expect(users[0]).toMatch(/^USERNAME +NAME +EMAIL +ACTIVE +ACCOUNT_TYPE +LAST_AUTHENTICATED_AT$/);
    expect(users[1]).toMatch(/^admin +Administrator +SYSadmin@Example\.com +true +human +2024-/);
    const repositories = (await preview(bench, 'repositories', '--limit', '3')).split('\n');
    expect(repositories).toHaveLength(4);
    expect(repositories[0]).toMatch(/^FULL_NAME +VISIBILITY +ARCHIVED/);
  });

  it('of a Bitbucket that refuses the login says so, exit code 3', async () => {
    const bench = desk.fresh();
    const { code, output } = await bench.ended(['preview', 'users'], { BITBUCKET_PASSWORD: 'wrong' });
    expect({ code, output }).toEqual({ code: 3, output: expect.stringMatching(/401/) });
    expect(output).not.toMatch(/^\s+at /m);
    expect(told(output, 'run')).toBeUndefined();
  });
});
