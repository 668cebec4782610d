import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type AgentProcess, startAgent } from '../../sandbox/agent-process.ts';
import { startProxy } from '../../sandbox/connect-proxy.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { ask } from './public-port.ts';

const WAIT_MS = 10_000;
const USER = 'agent';
/** Too short for the scrubbing of finished lines: it must never come near the log. */
const PASSWORD = 'Zq9#x';
const PAT = 'pat/canary+4711%=';
const PROXY = { username: 'proxy-user', password: 'proxy canary@:/%' };
const WRONG_PROXY_PASSWORD = 'wrong canary@:/%';
/** What callers and Bitbucket say is not for the log either. */
const WORDS = ['query-canary', 'body-canary', 'answer-canary', 'caller-canary', 'hook-canary'];

afterEach(endAll);

/** Every form in which a secret could turn up. */
function spellings(secret: string): string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [
    secret,
    encodeURIComponent(secret),
    base64,
    base64.replace(/=+$/, ''),
    JSON.stringify(secret).slice(1, -1),
  ];
}

const ACCEPT = {
  private: [
    { path: '/projects', origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bitbucket' } },
    { path: '/application-properties', origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bitbucket' } },
    { path: '/repos', origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bearer', token: '${MY_PAT}' } },
    {
      method: 'POST',
      path: '/projects',
      origin: 'https://${BITBUCKET_API}',
      auth: { scheme: 'basic', username: '${BITBUCKET_USERNAME}', password: '${BITBUCKET_PASSWORD}' },
    },
  ],
  public: [{ method: 'POST', path: '/webhook/bitbucket-server/:id' }],
};

async function stageWithCanaries(): Promise<{ stage: Stage; env: Record<string, string> }> {
  const folder = makeTemporaryFolder('secrets');
  atTheEnd(() => folder.remove());
  writeFileSync(join(folder.path, 'accept.json'), JSON.stringify(ACCEPT));
  const stage = await startStage({
    bitbucket: {
      credentials: [
        { username: USER, password: PASSWORD },
        { username: 'pat-user', token: PAT },
      ],
    },
    withAgent: false,
    agentEnv: {
      ACCEPT: join(folder.path, 'accept.json'),
      ALLOW_WRITES: 'true',
      BITBUCKET_USERNAME: USER,
      BITBUCKET_PASSWORD: PASSWORD,
      MY_PAT: PAT,
      BITBUCKET_FIRST_BYTE_TIMEOUT_MS: '300',
      BITBUCKET_IDLE_TIMEOUT_MS: '300',
      LOG_LEVEL: 'debug',
    },
  });
  atTheEnd(() => stage.close());
  return { stage, env: { ...stage.agentEnv } };
}

/** Calls of every kind and end, over both answer paths. */
async function callEverything({ bitbucket, call }: Stage): Promise<number[]> {
  const { faults } = bitbucket;
  const statuses: number[] = [];
  const headers = { authorization: 'Bearer caller-canary' };
  for (const over of ['socket', 'stream'] as const) {
    const go = async (path: string, more: Parameters<Stage['call']>[1] = {}) => {
      const ended = await call(path, { over, headers, ...more }).then(
        ({ status }) => status,
        () => 0,
      );
      statuses.push(ended);
    };
    await go('/projects?token=query-canary');
    await go('/repos?limit=2');
    await go('/admin/users?token=query-canary');
    await go('/projects/%2e%2e/x?token=query-canary');
    await go('/projects', { method: 'POST', body: '{"name":"body-canary"}' });
    const body =
      '{"errors":[{"exceptionName":"com.atlassian.bitbucket.auth.IncorrectPasswordAuthenticationException","message":"answer-canary"}]}';
    for (const fault of [
      { kind: 'status', status: 401, body },
      { kind: 'status', status: 500, body: 'answer-canary' },
      { kind: 'refuse' },
      { kind: 'hang' },
      { kind: 'cut', framing: 'length' },
      { kind: 'hang-mid-body' },
      { kind: 'not-utf8' },
    ] as const) {
      const set = faults.add({ match: '/rest/api/1.0/projects', ...fault });
      await go('/projects?token=query-canary');
      set.remove();
    }
  }
  return statuses;
}

function expectNoSecret(agent: AgentProcess, token: string): void {
  const text = `${agent.output()}\n${JSON.stringify(agent.log)}`;
  const secrets = [
    token,
    PASSWORD,
    `${USER}:${PASSWORD}`,
    PAT,
    PROXY.password,
    `${PROXY.username}:${PROXY.password}`,
    WRONG_PROXY_PASSWORD,
    `${PROXY.username}:${WRONG_PROXY_PASSWORD}`,
    ...WORDS,
  ];
  const found = secrets.flatMap(spellings).filter((needle) => text.includes(needle));
  expect(found).toEqual([]);
}

describe('at LOG_LEVEL=debug no secret and no body is in the output', () => {
  it('of a whole session: calls, failures, webhooks, an outage, the end', async () => {
    const { stage, env } = await stageWithCanaries();
    const proxy = await startProxy(PROXY);
    atTheEnd(() => proxy.close());
    const agent = await stage.startAgent({ ...env, HTTP_PROXY: proxy.url });
    const statuses = await callEverything(stage);
    expect(new Set(statuses)).toEqual(new Set([0, 200, 401, 405, 500, 502, 504]));

    const hook = {
      method: 'POST',
      headers: { 'x-hub-signature': 'sha256=hook-canary' },
      body: '{"a":"hook-canary"}',
    } as const;
    expect((await ask(`${stage.agentUrl}/webhook/bitbucket-server/1?q=hook-canary`, hook)).status).toBe(200);
    expect((await ask(`${stage.agentUrl}/webhook/other?q=hook-canary`, hook)).status).toBe(401);
    const health = await ask(`${stage.agentUrl}/healthcheck`);
    const shown = JSON.stringify((await stage.broker.connectionStatus(stage.token)).body);
    await stage.broker.kill();
    await agent.waitForLog(({ message }) => message === 'tunnel down', WAIT_MS);
    await proxy.close();
    await agent.waitForLog(({ reason }) => String(reason).includes('ECONNREFUSED'), WAIT_MS);
    expect(await agent.terminate()).toEqual({ code: 0, signal: null });

    const sent = new Set(stage.bitbucket.requests.map(({ headers }) => headers.authorization));
    expect(sent).toContain(`Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`);
    expect(sent).toContain(`Bearer ${PAT}`);
    expect(proxy.requests.length).toBeGreaterThan(statuses.length / 2);
    expect(proxy.requests.every(({ authorized }) => authorized)).toBe(true);
    expectNoSecret(agent, stage.token);
    for (const secret of [PASSWORD, PAT, PROXY.password, stage.token].flatMap(spellings)) {
      expect(`${health.text}${shown}`).not.toContain(secret);
    }
  });

  it('of an agent that its proxy turns away', async () => {
    const { stage, env } = await stageWithCanaries();
    const proxy = await startProxy(PROXY);
    atTheEnd(() => proxy.close());
    const wrong = proxy.url.replace(
      encodeURIComponent(PROXY.password),
      encodeURIComponent(WRONG_PROXY_PASSWORD),
    );
    const agent = await startAgent({ env: { ...env, HTTP_PROXY: wrong }, cwd: env.STATE_DIR ?? '' });
    atTheEnd(() => agent.close());
    await agent.waitForLog(({ message }) => message === 'tunnel down', WAIT_MS);
    await agent.waitForLog(({ message }) => message === 'Bitbucket does not answer', WAIT_MS);
    expect(await agent.terminate()).toEqual({ code: 0, signal: null });
    expect(proxy.requests.length).toBeGreaterThan(0);
    expect(proxy.requests.some(({ authorized }) => authorized)).toBe(false);
    expectNoSecret(agent, stage.token);
  });
});
