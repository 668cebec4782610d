import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startAgent } from '../../sandbox/agent-process.ts';
import { Caller } from '../../sandbox/caller.ts';
import { createEssentialsReceiver } from '../../sandbox/essentials-receiver.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { type OfficialClient, startOfficialClient } from '../../sandbox/official-client.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { targetFlaw } from '../../src/rules/target.ts';
import { ATTEMPTS, LEGAL } from './odd-urls.ts';
import { ask } from './public-port.ts';

const API = '/rest/api/1.0';
const OFFICIAL_TOKEN = '0ff1c1a1-1111-4222-8333-944445555666';
const RELAY_TOKEN = 'the-relay-token-of-this-test';
const OWN_LOGIN = `Basic ${Buffer.from('agent:agent-password').toString('base64')}`;
const RECIPE = new URL('../../docs/recipes/beside-the-official-client.md', import.meta.url);
const WAIT_MS = 5_000;

/** The accept list that the recipe tells people to use. */
function recipe(): string {
  const json = /```json\n([\s\S]*?)```/.exec(readFileSync(RECIPE, 'utf8'))?.[1];
  if (json === undefined) throw new Error('the recipe has no accept list');
  return json;
}

let stage: Stage;
let official: OfficialClient;
let caller: Caller;
/** Asks the relay port without anything in front. */
let raw: Caller;
let relayUrl: string;
const urls = () => stage.bitbucket.requests.map(({ url }) => url);

beforeAll(async () => {
  const port = String(await freePort());
  stage = await startStage({
    agentEnv: { HTTP_RELAY: 'true', RELAY_TOKEN, RELAY_PORT: port, RELAY_HOST: '127.0.0.1' },
  });
  relayUrl = `http://127.0.0.1:${port}/relay`;
  official = await startOfficialClient({
    serverUrl: stage.broker.url,
    token: OFFICIAL_TOKEN,
    accept: recipe(),
    env: { BITBUCKET_AGENT: relayUrl, RELAY_TOKEN },
  });
  await stage.broker.waitForClient(OFFICIAL_TOKEN, { timeoutMs: 15_000 });
  raw = new Caller(`http://127.0.0.1:${port}`, null, (path) => `/relay${path}`);
  caller = new Caller(stage.broker.url, null, (path) => `/broker/${OFFICIAL_TOKEN}${path}`);
}, 60_000);
afterAll(async () => {
  await caller?.close();
  await raw?.close();
  await official?.close();
  await stage?.close();
});

describe.each([
  'socket',
  'stream',
] as const)('the real official client in front, answering over the %s path', (over) => {
  it('gets what is allowed, with the credentials of the agent and none of its own', async () => {
    const answer = await caller.call('/projects/PLAT?limit=1', { over });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ key: 'PLAT' });
    const { url, headers } = stage.bitbucket.requests.at(-1) ?? {};
    expect(url).toBe(`${API}/projects/PLAT?limit=1`);
    expect(headers?.authorization).toBe(OWN_LOGIN);
    expect(JSON.stringify(stage.bitbucket.requests)).not.toContain(RELAY_TOKEN);
    const line = await stage.agent.waitForLog((entry) => entry.requestId === answer.requestId, WAIT_MS);
    expect(line).toMatchObject({ message: 'relayed', road: 'http-relay', ruleId: 'project', status: 200 });
  });

  it.each([
    ['GET', '/admin/permissions/users', 'no-rule'],
    ['GET', '/projects/PLAT/repos/gateway/raw/src/main.ts', 'no-rule'],
    ['HEAD', '/users', 'method'],
  ] as const)('is refused %s %s by the agent: %s', async (method, path, reason) => {
    const before = urls();
    const answer = await caller.call(path, { over, method });
    expect(answer.status).toBe(401);
    const line = await stage.agent.waitForLog((entry) => entry.requestId === answer.requestId, WAIT_MS);
    expect(line).toMatchObject({ message: 'refused', road: 'http-relay', reason, ruleId: null });
    expect(answer.headers['x-broker-error-type']).toBe('FILTER_BLOCKED');
    if (method === 'GET')
      expect(JSON.parse(answer.body.toString())).toEqual({
        code: 'FILTER_BLOCKED',
        message: 'blocked',
        reason,
        url: path,
      });
    expect(urls()).toEqual(before);
  });

  it('is refused a write by its own list, before the agent', async () => {
    const before = urls();
    expect((await caller.call('/projects/PLAT', { over, method: 'DELETE' })).status).toBe(401);
    expect(urls()).toEqual(before);
  });

  it('streams a large answer whole', async () => {
    const path = '/projects/PLAT/repos/monolith/commits?limit=1000';
    const { body, status } = await caller.call(path, { over });
    expect(status).toBe(200);
    expect(JSON.parse(body.toString()).values).toHaveLength(1000);
  });
});

describe('attempts to get past the accept list', () => {
  // The official client parses urls anew, so what arrives here is often another path, and may be an honest one.
  it.each(
    Object.values(ATTEMPTS).flat(),
  )('%s, through the official client, reaches Bitbucket as what was decided or not at all', async (url) => {
    const before = urls().length;
    const { requestId, status } = await caller.call(url);
    const arrived = urls().slice(before);
    if (arrived.length === 0) return expect([400, 401, 404]).toContain(status);
    const line = await stage.agent.waitForLog((entry) => entry.requestId === requestId, WAIT_MS);
    expect(line).toMatchObject({ message: 'relayed', road: 'http-relay', allowed: true });
    expect(targetFlaw(String(line.path))).toBeNull();
    expect(arrived.map((path) => path.replace(/\?.*/, ''))).toEqual([`${API}${line.path}`]);
  });

  it.each(
    Object.values(ATTEMPTS).flat(),
  )('%s, sent to the relay port as it is, is refused: %s', async (url, reason) => {
    const before = urls();
    const answer = await raw.call(url, { headers: { authorization: `Bearer ${RELAY_TOKEN}` } });
    expect(answer.status).toBe(401);
    // An encoded slash matters only where a rule fits otherwise.
    const reasons = reason === 'encoded-slash' ? [reason, 'no-rule'] : [reason];
    const body = JSON.parse(answer.body.toString());
    expect(body).toMatchObject({ code: 'FILTER_BLOCKED', message: 'blocked', url });
    expect(reasons).toContain(body.reason);
    expect(urls()).toEqual(before);
  });
});

describe('the relay port itself', () => {
  it.each(LEGAL)('brings %s to Bitbucket as it came, or nothing', async (url) => {
    const before = urls();
    const answer = await raw.call(url, { headers: { authorization: `Bearer ${RELAY_TOKEN}` } });
    const sent = urls().slice(before.length);
    expect(sent).toEqual(answer.headers['x-broker-error-type'] === 'FILTER_BLOCKED' ? [] : [API + url]);
  });

  it('knows only its token, and has no other page', async () => {
    const before = urls();
    expect((await ask(`${relayUrl}/users`)).status).toBe(401);
    const headers = { authorization: `Bearer ${RELAY_TOKEN}` };
    expect((await ask(`${relayUrl}/users`, { headers })).status).toBe(200);
    for (const path of ['/', '/livez', '/metrics', '/filters', '/users'])
      expect((await ask(relayUrl.replace('/relay', path), { headers })).status).toBe(404);
    expect(urls()).toHaveLength(before.length + 1);
    expect(stage.agent.output()).not.toContain(RELAY_TOKEN);
  });

  it('lets no stranger push its calls off the status page', async () => {
    const headers = { authorization: `Bearer ${RELAY_TOKEN}` };
    expect((await ask(`${relayUrl}/users?limit=3`, { headers })).status).toBe(200);
    const flood = Array.from({ length: 250 }, () => ask(`${relayUrl}/stranger`));
    expect(new Set((await Promise.all(flood)).map(({ status }) => status))).toEqual(new Set([401]));
    const admin = `http://127.0.0.1:${stage.agentEnv.ADMIN_PORT}`;
    const { recent } = JSON.parse((await ask(`${admin}/status.json`)).text);
    const paths = recent.map(({ path }: { path: string }) => path);
    expect(paths.filter((path: string) => path === '/stranger')).toHaveLength(20);
    expect(paths).toContain('/users');
  });

  it('serves the inventory after a sync, through the official client too', async () => {
    const early = await caller.call('/essentials/v1/users');
    expect(early.status).toBe(503);
    const receiver = createEssentialsReceiver({ received: stage.receiver.received });
    stage.receiver.respond(receiver.respond);
    const { HTTP_RELAY: _, RELAY_TOKEN: __, RELAY_PORT: ___, ...env } = stage.agentEnv;
    const cwd = stage.agentEnv.STATE_DIR ?? '';
    const sync = await startAgent({ env: { ...env, LOG_LEVEL: 'warn' }, cwd, args: ['sync', '--once'] });
    expect((await sync.exited).code).toBe(0);
    const { status, body } = await caller.call('/essentials/v1/users?limit=5');
    expect(status).toBe(200);
    expect(JSON.parse(body.toString()).data).toHaveLength(5);
  }, 60_000);

  it('finishes calls under way when the agent is stopped', async () => {
    const fault = stage.bitbucket.faults.add({ kind: 'late', match: `${API}/users`, ms: 500 });
    const before = urls().length;
    const call = caller.call('/users?limit=1');
    while (urls().length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    const stopped = stage.agent.terminate();
    expect((await call).status).toBe(200);
    expect((await stopped).code).toBe(0);
    fault.remove();
  });
});
