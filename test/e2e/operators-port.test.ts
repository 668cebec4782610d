import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Stage, type StageOptions, startStage } from '../../sandbox/stage.ts';
import { type aDecision, formToken } from '../http/admin/stage.ts';
import { listeningPorts } from './listening-ports.ts';
import { enough, makeWorkplace } from './lone-agent.ts';
import { ask } from './public-port.ts';

const TOKEN = 'admin-token-canary-4711';
const WAIT_MS = 10_000;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(
  agentEnv: NonNullable<StageOptions['agentEnv']> = {},
): Promise<Stage & { adminUrl: string }> {
  const stage = await startStage({ agentEnv });
  closing.push(() => stage.close());
  return { ...stage, adminUrl: `http://127.0.0.1:${stage.agentEnv.ADMIN_PORT}` };
}

const bearer = { authorization: `Bearer ${TOKEN}` };

describe("the operators' port of a running agent", () => {
  it('tells what the agent did: decisions, hits, both sockets, and never a query or a secret', async () => {
    const stage = await open({ ADMIN_TOKEN: TOKEN, AUDIT_QUERY: 'true' });
    await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS, sockets: 2 });
    for (const [path, status] of [
      ['/projects', 200],
      ['/nope', 401],
      [`/nope/${stage.token}`, 401],
    ] as const) {
      const answer = await stage.call(`${path}?limit=1&note=query-canary`);
      expect(answer.status).toBe(status);
      await stage.agent.waitForLog(({ requestId }) => requestId === answer.requestId, WAIT_MS);
    }
    const paths = [
      ...['/', '/status.json', '/rules', '/filters', '/rules/explain?url=/projects'],
      ...['/rules/sheet', '/rules/sheet.md'],
    ];
    const answers = await Promise.all(
      paths.map((path) => ask(`${stage.adminUrl}${path}`, { headers: bearer })),
    );
    expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
    const all = answers.map(({ text }) => text).join();
    for (const secret of [TOKEN, stage.token, 'agent-password', 'query-canary'])
      expect(all).not.toContain(secret);
    const { tunnel, recent, rules, inventory, pause } = JSON.parse(answers[1]?.text ?? '');
    expect(tunnel).toMatchObject([
      { role: 'primary', open: true, reconnects: 0 },
      { role: 'secondary', open: true, reconnects: 0 },
    ]);
    const decided = recent.map(({ road, path, allowed }: ReturnType<typeof aDecision>) => [
      road,
      path,
      allowed,
    ]);
    expect(decided).toContainEqual(['tunnel', '/projects', true]);
    expect(decided).toContainEqual(['tunnel', '/nope', false]);
    expect(decided).toContainEqual(['tunnel', '/nope/[secret]', false]);
    expect(rules.rules.find(({ id }: { id: string }) => id === 'projects').hits).toBe(1);
    for (const sheet of answers.slice(-2)) expect(sheet.text).toContain(rules.hash);
    expect([inventory.runs, pause]).toEqual([[], { since: null, problem: null }]);
  });

  it('lets nobody in without the token, and its probes say what those of the public port say', async () => {
    const stage = await open({ ADMIN_TOKEN: TOKEN });
    expect((await ask(`${stage.adminUrl}/status.json`)).status).toBe(401);
    for (const path of ['/livez', '/readyz'])
      expect((await ask(`${stage.adminUrl}${path}`)).status).toBe(200);
    expect((await ask(`${stage.adminUrl}/healthcheck`)).status).toBe(401);
    for (const path of ['/', '/status.json', '/filters', '/rules', '/pause'])
      expect((await ask(`${stage.agentUrl}${path}`)).status).toBe(404);
  });

  it('says where it is, and listens at loopback only', async () => {
    const stage = await open();
    const line = await stage.agent.waitForLog(({ message }) => message === "operators' port open", WAIT_MS);
    expect(line).toMatchObject({ url: `${stage.adminUrl}/`, token: false });
    const elsewhere = ask(`http://127.0.0.2:${stage.agentEnv.ADMIN_PORT}/livez`);
    await expect(elsewhere).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('serves the HTTP relay, which asks for its own token and gives no way to the pages', async () => {
    const relayToken = 'relay-token-canary-4711';
    const stage = await open({ ADMIN_TOKEN: TOKEN, HTTP_RELAY: 'true', RELAY_TOKEN: relayToken });
    await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS });
    const relay = (authorization: string, headers = {}) =>
      ask(`${stage.adminUrl}/relay/projects`, { headers: { authorization, ...headers } });
    const statusOf = async (answer: ReturnType<typeof ask>) => (await answer).status;
    expect(await statusOf(relay(`Bearer ${relayToken}`))).toBe(200);
    const own = stage.bitbucket.requests.length;
    expect(await statusOf(relay(`Bearer ${TOKEN}`))).toBe(401);
    expect(await statusOf(relay(`Bearer ${relayToken}`, { host: 'evil.example' }))).toBe(421);
    const pages = ask(`${stage.adminUrl}/status.json`, {
      headers: { authorization: `Bearer ${relayToken}` },
    });
    expect(await statusOf(pages)).toBe(401);

    const page = await ask(`${stage.adminUrl}/`, { headers: bearer });
    const pause = await ask(`${stage.adminUrl}/pause`, {
      method: 'POST',
      headers: { ...bearer, 'content-type': 'application/x-www-form-urlencoded', origin: stage.adminUrl },
      body: `token=${encodeURIComponent(formToken(page.text, '/pause'))}`,
    });
    expect(pause.status).toBe(303);
    expect(await relay(`Bearer ${relayToken}`)).toMatchObject({
      status: 503,
      text: expect.stringContaining('"PAUSED"'),
    });
    const byTunnel = await stage.call('/projects');
    expect([byTunnel.status, byTunnel.body.toString()]).toEqual([503, expect.stringContaining('"PAUSED"')]);
    expect(stage.bitbucket.requests).toHaveLength(own);
    const seen = JSON.stringify([
      stage.bitbucket.requests.map(({ headers }) => headers),
      stage.agent.output(),
    ]);
    for (const secret of [relayToken, TOKEN, stage.token]) expect(seen).not.toContain(secret);
  });

  it('is not opened when it is off', async () => {
    const stage = await open({ ADMIN_PORT: 'off' });
    expect(listeningPorts(stage.agent.pid)).toEqual([Number(stage.agentEnv.PORT)]);
  });
});

it("an operators' port that is taken ends the start, with what to do", async () => {
  const place = makeWorkplace();
  closing.push(() => place.close());
  const env = await enough();
  const other = createServer().listen(Number(env.ADMIN_PORT), '127.0.0.1');
  closing.push(() => other.close());
  await once(other, 'listening');
  const { code, output } = await place.ended(env);
  expect(code).toBe(1);
  expect(output).toContain(`ADMIN_PORT ${env.ADMIN_PORT} cannot be opened (EADDRINUSE)`);
  expect(output).toContain('ADMIN_PORT=off');
});
