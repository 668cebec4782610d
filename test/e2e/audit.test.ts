import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../sandbox/deadline.ts';
import { instanceOf } from '../../src/audit/files.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { type CommandStage, startCommandStage, type Workbench } from './command.ts';
import { ask } from './public-port.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const WAIT_MS = 15_000;
const HOST = instanceOf(hostname());
const ALLOWED = '/projects/PLAT';
const FORBIDDEN = '/admin/license';
const HOOK = '/webhook/bitbucket-server/9f1c2a34-8d1e';

let all: CommandStage;
let bench: Workbench;
beforeAll(async () => {
  all = await startCommandStage();
});
afterAll(() => all?.close());
beforeEach(() => {
  bench = all.fresh();
});

/** What takes webhooks, instead of what takes batches. */
const anyReceiver = () => all.stage.receiver.respond(() => ({}));
afterEach(endAll);

const folder = () => join(bench.stateDir, 'audit');
const today = () => `${new Date().toISOString().slice(0, 10)}.jsonl`;

/** A command that has nothing of the configuration but what is given. */
function command(...args: readonly string[]) {
  const how = { encoding: 'utf8', env: {}, cwd: bench.stateDir } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'audit', ...args], how);
  return { status, stdout, stderr };
}

const here = () => ['--state-dir', bench.stateDir];

/** Without the look at Bitbucket at start. */
function records(instance = HOST): Record<string, unknown>[] {
  return allRecords(instance).filter(({ ruleId }) => ruleId !== 'application-properties');
}

function allRecords(instance = HOST): Record<string, unknown>[] {
  return readdirSync(join(folder(), instance))
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) =>
      readFileSync(join(folder(), instance, name), 'utf8')
        .trimEnd()
        .split('\n'),
    )
    .map((line) => JSON.parse(line));
}

async function begin(env: Readonly<Record<string, string>> = {}) {
  const agent = await bench.begin(['run'], { LOG_LEVEL: 'info', ...env });
  atTheEnd(() => agent.close());
  await agent.ready();
  await all.stage.broker.waitForClient(all.stage.token, { timeoutMs: WAIT_MS });
  await agent.waitForLog(({ message }) => String(message).startsWith('Bitbucket '), WAIT_MS);
  return agent;
}

const hook = () => ask(`${all.stage.agentUrl}${HOOK}`, { method: 'POST', body: '{}' });

describe('the audit trail of a running agent', () => {
  it('has every decision and what came of it, and is proven over kill -9 and restart', async () => {
    const { stage } = all;
    anyReceiver();
    const agent = await begin();
    expect((await stage.call(`${ALLOWED}?secret=query`)).status).toBe(200);
    expect((await stage.call(FORBIDDEN)).status).toBe(401);
    expect((await stage.call(`${ALLOWED}/repos`, { over: 'stream' })).status).toBe(200);
    expect((await hook()).status).toBe(200);
    await until(() => (records().length >= 5 ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'five records',
    });
    await agent.terminate('SIGKILL');

    const again = await begin();
    expect((await stage.call(ALLOWED)).status).toBe(200);
    await again.terminate();
    expect((await again.exited).code).toBe(0);

    const kept = records();
    expect(kept.map(({ event, road }) => event ?? road)).toEqual([
      'started',
      'tunnel',
      'tunnel',
      'tunnel',
      'webhook',
      'started',
      'tunnel',
      'stopped',
    ]);
    expect(kept[0]).toMatchObject({ command: 'run', pid: agent.pid, version: expect.any(String) });
    expect(kept[1]).toMatchObject({ direction: 'to-bitbucket', path: ALLOWED, allowed: true, status: 200 });
    expect(kept[1]).not.toHaveProperty('query');
    expect(kept[2]).toMatchObject({ path: FORBIDDEN, allowed: false, ruleId: null, code: 'FILTER_BLOCKED' });
    expect(kept[4]).toMatchObject({ direction: 'to-snyk', method: 'POST', path: HOOK, status: 200 });
    expect(new Set(kept.map(({ rules }) => rules)).size).toBe(1);

    const proven = command('verify', ...here());
    expect(proven).toMatchObject({ status: 0, stderr: '' });
    expect(proven.stdout).toContain(`${HOST}: proven`);
    expect(proven.stdout).toContain('10 in 1 file(s), 1 to 10');
    const head = again.log.findLast(({ message }) => message === 'audit head')?.head;
    expect(command('verify', ...here(), '--head', String(head))).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`record 10 of ${HOST}`),
    });
    expect(command('verify', ...here(), '--head', 'a'.repeat(64)).status).toBe(1);

    const path = join(folder(), HOST, today());
    const bytes = readFileSync(path);
    const at = bytes.indexOf(FORBIDDEN);
    bytes.writeUInt8(bytes.readUInt8(at + 1) ^ 1, at + 1);
    writeFileSync(path, bytes);
    const broken = command('verify', ...here());
    expect(broken.status).toBe(1);
    expect(broken.stdout).toContain(`${today()} line 4, record 4: changed`);
  }, 60_000);

  it('has the calls of the inventory and its deliveries, in a chain of their own beside a running agent', async () => {
    await begin();
    const { code } = await bench.sync();
    expect(code).toBe(0);
    expect(readdirSync(folder()).sort()).toEqual([HOST, `${HOST}.2`]);
    const kept = records(`${HOST}.2`);
    expect(kept.at(0)).toMatchObject({ event: 'started', command: 'sync' });
    expect(kept.at(-1)).toMatchObject({ event: 'stopped' });
    const roads = new Set(kept.map(({ road }) => road));
    expect([...roads].sort()).toEqual(['delivery', 'inventory', undefined]);
    expect(kept.every(({ road, direction }) => road !== 'delivery' || direction === 'to-snyk')).toBe(true);
    expect(command('verify', ...here()).status).toBe(0);
  }, 60_000);

  it('goes to stdout too, marked, and keeps the query where that is asked for', async () => {
    const agent = await begin({ AUDIT_STDOUT: 'true', AUDIT_QUERY: 'true' });
    await all.stage.call(`${ALLOWED}?limit=7`);
    const line = await agent.waitForLog(
      ({ audit }) => (audit as Record<string, unknown> | undefined)?.road === 'tunnel',
      WAIT_MS,
    );
    expect(line.audit).toEqual(records().find(({ road }) => road === 'tunnel'));
    expect(line.audit).toMatchObject({ query: 'limit=7' });
  }, 60_000);
});

describe('a full disk', () => {
  /** Today's file is a device without room. */
  function full(): string {
    const path = join(folder(), HOST, today());
    mkdirSync(join(folder(), HOST), { recursive: true });
    symlinkSync('/dev/full', path);
    return path;
  }

  it('with warn: calls go on, the log is loud, and nothing is missing afterwards', async () => {
    const path = full();
    const agent = await begin();
    expect((await all.stage.call(ALLOWED)).status).toBe(200);
    await agent.waitForLog(
      ({ message, code }) => message === 'audit cannot be written' && code === 'ENOSPC',
      WAIT_MS,
    );
    unlinkSync(path);
    await agent.waitForLog(({ message }) => message === 'audit is written again', WAIT_MS);
    expect(records().map(({ event, road }) => event ?? road)).toEqual(['started', 'tunnel']);
    expect(command('verify', ...here()).status).toBe(0);
  }, 60_000);

  it('with refuse: calls, webhooks and runs are turned away until it can be written', async () => {
    const path = full();
    anyReceiver();
    const agent = await begin({ AUDIT_ON_ERROR: 'refuse' });
    await agent.waitForLog(({ message }) => message === 'audit cannot be written', WAIT_MS);
    await agent.waitForLog(({ code, level }) => level === 'warn' && code === 'AUDIT_UNAVAILABLE', WAIT_MS);
    const refused = await all.stage.call(ALLOWED);
    expect(refused.status).toBe(503);
    expect(JSON.parse(String(refused.body))).toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    const turnedAway = await hook();
    expect([turnedAway.status, JSON.parse(turnedAway.text)]).toMatchObject([
      503,
      { code: 'AUDIT_UNAVAILABLE' },
    ]);
    unlinkSync(path);
    await agent.waitForLog(({ message }) => message === 'audit is written again', WAIT_MS);
    expect((await all.stage.call(ALLOWED)).status).toBe(200);
    expect((await hook()).status).toBe(200);
    await until(() => (records().length >= 5 ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'five records',
    });
    expect(records().map(({ event, reason }) => event ?? reason)).toEqual([
      'started',
      'AUDIT_UNAVAILABLE',
      'AUDIT_UNAVAILABLE',
      'allowed',
      'allowed',
    ]);
  }, 60_000);

  it('with refuse: sync reads nothing', async () => {
    full();
    all.stage.bitbucket.requests.length = 0;
    const { code, output } = await bench.ended(['sync', '--once'], { AUDIT_ON_ERROR: 'refuse' });
    expect(code).toBe(3);
    expect(output).toContain('AUDIT_UNAVAILABLE');
    expect(all.stage.bitbucket.requests).toEqual([]);
  }, 60_000);
});

describe('the audit commands', () => {
  it('show the newest records and follow those to come', async () => {
    await begin();
    await all.stage.call(ALLOWED);
    await all.stage.call(FORBIDDEN);
    await until(() => (records().length >= 3 ? true : undefined), {
      timeoutMs: WAIT_MS,
      what: 'three records',
    });
    const shown = command('tail', ...here());
    expect(shown).toMatchObject({ status: 0, stderr: '' });
    expect(shown.stdout).toMatch(
      / -- started .*\n.* inventory allowed by application-properties: .*\n.* tunnel allowed by project: GET \/projects\/PLAT 200 .*\n/,
    );
    expect(command('tail', ...here(), '--refused', '-n', '5').stdout).toMatch(
      /^\S+ \S+ tunnel REFUSED no-rule: GET \/admin\/license 401 FILTER_BLOCKED [\d.]+ ms\n$/,
    );
    const [json] = command('tail', ...here(), '-n', '1', '--format', 'json').stdout.split('\n');
    expect(JSON.parse(json ?? '')).toMatchObject({ instance: HOST, path: FORBIDDEN });

    const follower = spawn(process.execPath, [CLI, 'audit', 'tail', ...here(), '--follow', '-n', '1']);
    atTheEnd(() => follower.kill('SIGKILL'));
    let text = '';
    follower.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const sees = (what: string) =>
      until(() => (text.includes(what) ? true : undefined), { timeoutMs: WAIT_MS, what, detail: () => text });
    await sees(FORBIDDEN);
    await all.stage.call(`${ALLOWED}/repos`);
    await sees(`${ALLOWED}/repos`);
    follower.kill('SIGTERM');
    expect(await once(follower, 'exit')).toEqual([0, null]);
  }, 60_000);

  it('count the use of rules and propose a narrower list', async () => {
    const agent = await begin();
    await all.stage.call(ALLOWED);
    await all.stage.call('/users?limit=1');
    await all.stage.call('/projects/SECRET/repos/x/browse/a/b');
    await all.stage.call('/projects/OTHER/repos/y/browse/c');
    await agent.terminate();
    const { status, stdout, stderr } = command('usage', ...here(), '--accept-list', '-');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^users +1 +\d{4}-/m);
    expect(stderr).toMatch(
      /^2 +GET +\/projects\/\{project\}\/repos\/\{repository\}\/browse\/\{path\} +no-rule/m,
    );
    expect(stderr).toContain('reaches back 0 day(s) only');
    const proposed = JSON.parse(stdout);
    expect(proposed.private.map(({ id }: { id: string }) => id)).toEqual([
      'application-properties',
      'users',
      'project',
    ]);
    expect(proposed.public).toEqual([]);
    const file = join(bench.stateDir, 'narrow.json');
    expect(command('usage', ...here(), '--accept-list', file).status).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(proposed);
    expect(command('usage', ...here(), '--accept-list', file).status).not.toBe(0);

    const narrow = await begin({ ACCEPT: file });
    expect((await all.stage.call(ALLOWED)).status).toBe(200);
    expect((await all.stage.call('/repos')).status).toBe(401);
    await narrow.terminate();
  }, 60_000);

  it('end with 2 where there is nothing to read', () => {
    for (const name of ['verify', 'tail', 'usage']) {
      const { status, stderr } = command(name, ...here());
      expect(status).toBe(2);
      expect(stderr).toContain('has no audit trail');
    }
    mkdirSync(join(folder(), HOST), { recursive: true });
    expect(command('verify', ...here())).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('has no records'),
    });
    expect(command('verify', ...here(), '--head', 'abc').status).toBe(2);
    expect(command('verify', ...here(), '--instance', 'other').status).toBe(2);
    expect(command('tail', ...here(), '-n', 'many').status).toBe(2);
    expect(command('usage', ...here(), '--days', '0').status).toBe(2);
  });
});
