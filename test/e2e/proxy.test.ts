import { afterEach, describe, expect, it } from '@jest/globals';
import { type AgentProcess, startAgent } from '../../sandbox/agent-process.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { type ForwardProxy, type ProxiedRequest, startProxy } from '../../sandbox/connect-proxy.ts';
import { type Stage, type StageOptions, startStage } from '../../sandbox/stage.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { health } from './public-port.ts';

const LOGIN = { username: 'user', password: 'p@ss' };
const PATH = '/projects/PLAT';
const WAIT_MS = 10_000;
const authority = createAuthority();

afterEach(endAll);

async function proxyWithPassword(): Promise<ForwardProxy> {
  const proxy = await startProxy(LOGIN);
  atTheEnd(() => proxy.close());
  expect(proxy.url).toContain('//user:p%40ss@');
  return proxy;
}

/** Everything but the agent, in TLS or without. */
async function stageWithoutAgent(
  scheme: 'http' | 'https',
  agentEnv: StageOptions['agentEnv'] = {},
): Promise<Stage> {
  const tls = scheme === 'https' ? { ...authority.issue(['127.0.0.1']), ca: authority.ca } : undefined;
  const secured = tls === undefined ? {} : { tls };
  const stage = await startStage({ bitbucket: secured, broker: secured, agentEnv, withAgent: false });
  atTheEnd(() => stage.close());
  return stage;
}

/** An agent that need not become ready. */
async function agentOf(stage: Stage, env: Readonly<Record<string, string>>): Promise<AgentProcess> {
  const agent = await startAgent({ env: { ...stage.agentEnv, ...env }, cwd: stage.agentEnv.STATE_DIR ?? '' });
  atTheEnd(() => agent.close());
  return agent;
}

const wrong = (proxy: ForwardProxy) => proxy.url.replace('p%40ss', 'w%40ng');
const withTarget = (proxy: ForwardProxy, kind: ProxiedRequest['kind'], start: string) =>
  proxy.requests.filter((one) => one.kind === kind && one.target.startsWith(start));

describe.each(['HTTP_PROXY', 'http_proxy'])('%s with a password, all targets http', (variable) => {
  it('carries the websockets by CONNECT, the answer POSTs and the calls to Bitbucket', async () => {
    const proxy = await proxyWithPassword();
    const stage = await stageWithoutAgent('http');
    await stage.startAgent({ [variable]: proxy.url });
    await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS, sockets: 2 });

    expect(withTarget(proxy, 'connect', `127.0.0.1:${stage.broker.port}`)).toHaveLength(2);
    const before = stage.bitbucket.requests.length;
    expect((await stage.call(PATH, { over: 'socket' })).status).toBe(200);
    const posts = `${stage.broker.url}/response-data/${stage.token}/`;
    expect(withTarget(proxy, 'absolute', posts)).toHaveLength(0);
    expect((await stage.call(PATH, { over: 'stream' })).status).toBe(200);
    expect(withTarget(proxy, 'absolute', posts)).toHaveLength(1);

    const seen = stage.bitbucket.requests.map(({ url }) => `http://127.0.0.1:${stage.bitbucket.port}${url}`);
    expect(seen.slice(before)).toHaveLength(2);
    const passed = withTarget(proxy, 'absolute', stage.bitbucket.url).map(({ target }) => target);
    expect(passed).toEqual(seen);
    expect(stage.bitbucket.requests.filter(({ headers }) => headers['proxy-authorization'])).toEqual([]);
    expect(proxy.requests.filter(({ authorized }) => !authorized)).toEqual([]);
  });
});

describe.each(['HTTPS_PROXY', 'https_proxy'])('%s with a password, all targets https', (variable) => {
  it('carries the websockets, the answer POSTs and the calls to Bitbucket by CONNECT', async () => {
    const proxy = await proxyWithPassword();
    const stage = await stageWithoutAgent('https');
    await stage.startAgent({ [variable]: proxy.url });
    await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
    const toBroker = () => withTarget(proxy, 'connect', `127.0.0.1:${stage.broker.port}`).length;

    expect(toBroker()).toBe(2);
    expect((await stage.call(PATH, { over: 'socket' })).status).toBe(200);
    expect(toBroker()).toBe(2);
    expect((await stage.call(PATH, { over: 'stream' })).status).toBe(200);
    expect(toBroker()).toBe(3);
    expect(withTarget(proxy, 'connect', `127.0.0.1:${stage.bitbucket.port}`).length).toBeGreaterThan(0);
    expect(proxy.requests.filter(({ kind, authorized }) => kind !== 'connect' || !authorized)).toEqual([]);
  });
});

describe.each(['http', 'https'] as const)('a proxy that refuses the password, target %s', (scheme) => {
  it('leaves the agent up and unready, and the log names the proxy and 407', async () => {
    const proxy = await proxyWithPassword();
    const stage = await stageWithoutAgent(scheme);
    const agent = await agentOf(stage, { [`${scheme.toUpperCase()}_PROXY`]: wrong(proxy) });
    const line = await agent.waitForLog(({ message }) => message === 'tunnel down', WAIT_MS);
    expect(line.reason).toMatch(`the proxy ${new URL(proxy.url).host} answered CONNECT with 407`);
    const bitbucket = await agent.waitForLog(
      ({ message }) => message === 'Bitbucket does not answer',
      WAIT_MS,
    );
    expect(bitbucket.reason).toMatch(/proxy.*407/);
    expect(await health(stage.agentUrl)).toEqual({ livez: 200, readyz: 503, healthcheck: 500 });
    expect(proxy.requests.length).toBeGreaterThan(1);
    expect(proxy.requests.filter(({ authorized }) => authorized)).toEqual([]);
    expect(stage.bitbucket.requests).toEqual([]);
    expect(agent.output()).not.toMatch(/w%40ng|w@ng/);
  });
});

describe('a proxy and its exceptions', () => {
  it('answers 502 when only the way to Bitbucket refuses the password', async () => {
    const proxy = await proxyWithPassword();
    const stage = await stageWithoutAgent('http');
    await stage.startAgent({ HTTP_PROXY: wrong(proxy), NO_PROXY: `127.0.0.1:${stage.broker.port}` });
    for (const over of ['socket', 'stream'] as const) {
      const answer = await stage.call(PATH, { over });
      expect({ over, status: answer.status }).toEqual({ over, status: 502 });
      expect(JSON.parse(answer.body.toString())).toMatchObject({
        code: 'DOWNSTREAM_ERROR',
        message: expect.stringMatching(/proxy.*407/),
      });
    }
    expect(stage.bitbucket.requests).toEqual([]);
  });

  it.each([
    'NO_PROXY',
    'no_proxy',
  ])('reaches what %s names directly, the rest through the proxy', async (variable) => {
    const proxy = await proxyWithPassword();
    const stage = await stageWithoutAgent('http');
    await stage.startAgent({ HTTP_PROXY: proxy.url, [variable]: `127.0.0.1:${stage.bitbucket.port}` });
    const before = stage.bitbucket.requests.length;
    expect((await stage.call(PATH, { over: 'socket' })).status).toBe(200);
    expect((await stage.call(PATH, { over: 'stream' })).status).toBe(200);
    expect(stage.bitbucket.requests.length - before).toBe(2);
    const targets = proxy.requests.map(({ kind, target }) =>
      kind === 'connect' ? target : new URL(target).host,
    );
    expect(new Set(targets)).toEqual(new Set([`127.0.0.1:${stage.broker.port}`]));
    expect(proxy.requests.map(({ kind }) => kind)).toContain('absolute');
  });
});
