import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentProcess } from '../../sandbox/agent-process.ts';
import { acceptFile } from './accept-file.ts';
import { type CommandStage, startCommandStage, type Workbench } from './command.ts';

const SHIPPED = new URL('../../config/accept/bitbucket-server.json', import.meta.url);
const WAIT_MS = 10_000;
const PATHS = ['socket', 'stream'] as const;
const LISTS = ['users', 'repositories', 'runs'] as const;

interface Document {
  readonly data: readonly { type: string; id: string; attributes: Readonly<Record<string, unknown>> }[];
  readonly links: { readonly self: string; readonly next?: string };
  readonly meta: Readonly<Record<string, unknown>>;
}

let desk: CommandStage;
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(() => desk?.close());

let agent: AgentProcess | undefined;
afterEach(async () => {
  expect((await agent?.terminate())?.code).toBe(0);
});

/** `run` with the state folder of the workbench; relays only. */
async function running(bench: Workbench, env: Readonly<Record<string, string>> = {}): Promise<AgentProcess> {
  agent = await desk.stage.startAgent({ STATE_DIR: bench.stateDir, ...env });
  await desk.stage.broker.waitForClient(desk.stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
  return agent;
}

/** All pages of a list, and how many there were. */
async function walk(url: string, over: 'socket' | 'stream') {
  const data: Document['data'][number][] = [];
  let pages = 0;
  let meta: Document['meta'] = {};
  for (let next: string | undefined = url; next !== undefined; pages += 1) {
    const { status, headers, body } = await desk.stage.call(next, { over });
    expect({ status, type: headers['content-type'] }).toEqual({
      status: 200,
      type: expect.stringMatching(/^application\/vnd\.api\+json(?:;|$)/),
    });
    const document: Document = JSON.parse(body.toString('utf8'));
    expect(document.links.self).toBe(next);
    data.push(...document.data);
    meta = document.meta;
    next = document.links.next;
  }
  return { data, pages, meta };
}

const held = (entities: ReadonlyMap<string, unknown>, type: string) =>
  [...entities].map(([id, attributes]) => ({ type, id, attributes }));
const byId = <T extends { id: string }>(all: readonly T[]) =>
  [...all].sort((one, other) => (one.id < other.id ? -1 : 1));

describe('the inventory, asked for through the broker server', () => {
  it('is 503 NOT_COLLECTED before the first run, and what was delivered after it; Bitbucket is not asked', async () => {
    const bench = desk.fresh();
    await running(bench);
    for (const list of LISTS) {
      for (const over of PATHS) {
        const { status, body } = await desk.stage.call(`/essentials/v1/${list}`, { over });
        expect({ list, status, ...JSON.parse(String(body)).errors?.[0] }).toMatchObject({
          list,
          status: '503',
          code: 'NOT_COLLECTED',
        });
      }
    }
    expect((await bench.sync('--enrich')).code).toBe(0);
    expect((await bench.sync()).code).toBe(0);
    desk.stage.bitbucket.requests.length = 0;
    for (const over of PATHS) {
      const users = await walk('/essentials/v1/users?limit=5', over);
      expect(users.pages).toBe(Math.ceil(bench.receiver.users.size / 5));
      expect(byId(users.data)).toEqual(byId(held(bench.receiver.users, 'user')));
      const repositories = await walk('/essentials/v1/repositories?limit=11', over);
      expect(repositories.pages).toBe(Math.ceil(bench.receiver.repositories.size / 11));
      expect(byId(repositories.data)).toEqual(byId(held(bench.receiver.repositories, 'repository')));
      expect(repositories.meta).toMatchObject({
        schema: 'essentials.bitbucket/v1',
        collected_run: { id: bench.receiver.batches.at(-1)?.runId },
      });
      const whole = await walk('/essentials/v1/repositories', over);
      expect(whole.data).toEqual(repositories.data);
    }
    expect(desk.stage.bitbucket.requests).toEqual([]);
  });

  it('lists the runs, the newest first, as they went', async () => {
    const bench = desk.fresh();
    await running(bench);
    const failed = await bench.ended(['sync', '--once'], { BITBUCKET_PASSWORD: 'wrong' });
    expect(failed.code).toBe(3);
    const early = await desk.stage.call('/essentials/v1/users');
    expect(early.status).toBe(503);
    expect((await bench.sync()).code).toBe(0);
    expect((await bench.sync('--only', 'users')).code).toBe(0);
    for (const over of PATHS) {
      const { data, pages } = await walk('/essentials/v1/runs?limit=2', over);
      expect(pages).toBe(2);
      const { users, repositories } = bench.receiver;
      expect(data.map(({ attributes }) => attributes)).toMatchObject([
        { kind: 'delta', state: 'complete', scope: { repositories: false }, sent: 0 },
        { kind: 'snapshot', state: 'complete', seen: { users: users.size, repositories: repositories.size } },
        { kind: 'snapshot', state: 'failed', error_code: 'BITBUCKET_REFUSED', sent: 0 },
      ]);
      const ids = new Set(bench.receiver.batches.map(({ runId }) => runId));
      expect(data.slice(0, 2).every(({ id }) => ids.has(id))).toBe(true);
    }
  });

  it('is relayed and logged as any call; a wrong cursor is a 400, a POST is refused', async () => {
    const bench = desk.fresh();
    expect((await bench.sync()).code).toBe(0);
    const by = await running(bench);
    for (const over of PATHS) {
      const { requestId } = await desk.stage.call('/essentials/v1/users', { over });
      const isIt = (line: Readonly<Record<string, unknown>>) => line.requestId === requestId;
      expect(await by.waitForLog(isIt, WAIT_MS)).toMatchObject({
        message: 'relayed',
        ruleId: 'essentials-users',
        status: 200,
      });
      const wrong = await desk.stage.call('/essentials/v1/users?starting_after=bm9uc2Vuc2U', { over });
      expect(wrong.status).toBe(400);
      expect((await desk.stage.call('/essentials/v1/users', { over, method: 'POST' })).status).toBe(401);
    }
  });

  it('is not there with an accept list that lacks those rules', async () => {
    const bench = desk.fresh();
    expect((await bench.sync()).code).toBe(0);
    const shipped = JSON.parse(readFileSync(SHIPPED, 'utf8'));
    const list = shipped.private.filter(({ origin }: { origin: string }) => origin !== 'agent:');
    expect(list).toHaveLength(shipped.private.length - LISTS.length);
    const accept = acceptFile({ ...shipped, private: list });
    try {
      await running(bench, { ACCEPT: accept.path });
      for (const name of LISTS) {
        for (const over of PATHS) {
          const { status, body } = await desk.stage.call(`/essentials/v1/${name}`, { over });
          expect({ name, status }).toEqual({ name, status: 401 });
          expect(String(body)).not.toMatch(/jane|gateway/i);
        }
      }
    } finally {
      accept.remove();
    }
  });
});
