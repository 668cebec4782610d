import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request } from 'undici';
import { streamSha256 } from '../../sandbox/bitbucket/stream.ts';
import { type Child, startChild } from '../../sandbox/child.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';

const LOGIN = { BITBUCKET_USERNAME: 'agent', BITBUCKET_PASSWORD: 'agent-password' };
const MIB = 1024 * 1024;
const PATH = '/projects/PLAT/repos/monolith/archive';

let stage: Stage;
let bare: Child;

beforeAll(async () => {
  stage = await startStage({ withAgent: false });
  bare = await startChild({
    args: [fileURLToPath(new URL('../../bench/bare-agent.ts', import.meta.url))],
    cwd: process.cwd(),
    env: {
      ...LOGIN,
      BROKER_SERVER_URL: stage.broker.url,
      BROKER_TOKEN: stage.token,
      BITBUCKET_URL: stage.bitbucket.url,
    },
  });
  await stage.broker.waitForClient(stage.token, { timeoutMs: 20_000, sockets: 2 });
}, 60_000);

afterAll(async () => {
  await bare?.kill();
  await stage?.close();
});

const direct = async (path: string): Promise<Buffer> => {
  const authorization = `Basic ${Buffer.from(Object.values(LOGIN).join(':')).toString('base64')}`;
  const { body } = await request(`${stage.bitbucket.url}/rest/api/1.0${path}`, {
    headers: { authorization },
  });
  return Buffer.from(await body.arrayBuffer());
};

describe('the bare agent', () => {
  it.each(['socket', 'stream'] as const)('hands on what Bitbucket answers, over the %s', async (over) => {
    const path = '/projects?limit=25';
    const { status, body } = await stage.call(path, { over });
    expect(status).toBe(200);
    expect(body).toEqual(await direct(path));
  });

  it.each(['socket', 'stream'] as const)('hands on a refusal of Bitbucket, over the %s', async (over) => {
    expect(await stage.call('/projects/NOWHERE', { over })).toMatchObject({ status: 404 });
  });

  it.each(['length', 'chunked'] as const)('hands on a large stream whole: %s', async (framing) => {
    const bytes = 24 * MIB + 7;
    stage.bitbucket.faults.add({ match: `/rest/api/1.0${PATH}`, kind: 'stream', bytes, framing, times: 1 });
    const { status, body } = await stage.call(PATH);
    expect([status, body.length]).toEqual([200, bytes]);
    expect(createHash('sha256').update(body).digest('hex')).toBe(streamSha256(bytes));
  });

  it('answers when Bitbucket breaks off a short answer', async () => {
    stage.bitbucket.faults.add({ match: `/rest/api/1.0${PATH}`, kind: 'cut', framing: 'length', times: 1 });
    expect(await stage.call(PATH)).toMatchObject({ status: 502 });
    expect(bare.running).toBe(true);
  });
});
