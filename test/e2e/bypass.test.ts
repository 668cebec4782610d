import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AgentProcess, startAgent } from '../../sandbox/agent-process.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { type BrokerDouble, type DoubleSocket, startBrokerDouble } from '../kit/broker-double.ts';
import { type AcceptFile, acceptFile } from './accept-file.ts';
import {
  ATTEMPTS,
  type Attempt,
  LEGAL,
  LEGAL_STOPPED_BY_THE_SERVER,
  STOPPED_BY_THE_SERVER,
} from './odd-urls.ts';

const API = '/rest/api/1.0';

/**
 * A list as wide as lists get: whatever comes with GET has a rule. So what is refused here is refused for its URL
 * alone. The last but one rule is the one that let `%2e%2e` through in the official client.
 */
const EVERYTHING = ['/projects/*', '/users', '/users/:slug', '/:workspace/:repo/commits', '/*'].map(
  (path, index) => ({
    id: `rule-${index}`,
    method: 'GET',
    path,
    origin: 'https://${BITBUCKET_API}',
    auth: { scheme: 'bitbucket' },
  }),
);

let list: AcceptFile;
let stage: Stage;
const urls = () => stage.bitbucket.requests.map(({ url }) => url);
const cases = (table: Readonly<Record<string, readonly Attempt[]>>) =>
  Object.entries(table).flatMap(([name, attempts]) =>
    attempts.map(([url, reason]) => [name, shown(url), reason, url] as const),
  );
const shown = (url: string) => JSON.stringify(url.length > 80 ? `${url.slice(0, 60)}...` : url);

/** One call reached Bitbucket since `before`, the last one made: what it should refuse before that, it did not send. */
function expectOnly(before: readonly string[], sentinel: string): void {
  expect(urls()).toEqual([...before, API + sentinel]);
}

beforeAll(async () => {
  list = acceptFile({ private: EVERYTHING, public: [] });
  stage = await startStage({ agentEnv: { ACCEPT: list.path } });
});
afterAll(async () => {
  await stage?.close();
  list?.remove();
});

describe.each(['socket', 'stream'] as const)('through the real server, answered over the %s path', (over) => {
  it.each(cases(ATTEMPTS))('%s: %s is refused: %s', async (_name, _shown, reason, url) => {
    const before = urls();
    const answer = await stage.call(url, { over });
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.body.toString())).toEqual({
      code: 'FILTER_BLOCKED',
      message: 'blocked',
      reason,
      url,
    });
    await stage.call('/users?sentinel', { over });
    expectOnly(before, '/users?sentinel');
  });

  it.each(LEGAL)('%s arrives at Bitbucket byte for byte', async (url) => {
    const before = urls();
    const answer = await stage.call(url, { over });
    expect(answer.status).not.toBe(401);
    expectOnly(before, url);
  });

  it.each([
    '/projects/../../secret',
    '/projects//PLAT',
    '/projects/%zz',
    '/projects/%c0%ae%c0%ae/admin',
    '/projects/ü',
    '/users?u=https://x//..',
  ])('the server itself stops %s', async (url) => {
    const before = urls();
    const answer = await stage.call(url, { over });
    expect([400, 401]).toContain(answer.status);
    expect(answer.body.toString()).not.toMatch(/dot-segment|empty-segment|malformed|utf8|non-ascii/);
    expect(urls()).toEqual(before);
  });
});

describe('delivered by a scripted server', () => {
  let double: BrokerDouble;
  let agent: AgentProcess;
  let socket: DoubleSocket;
  let id = 0;

  async function call(url: unknown, headers: Record<string, unknown> = {}) {
    id += 1;
    const own = id;
    socket.emit('request', { url, method: 'GET', headers, streamingID: '', requestId: `call-${own}` }, own);
    const frame = await socket.next((text) => text.startsWith(`4{"type":1,"id":${own},`));
    const { data } = JSON.parse(frame.slice(1));
    return data[0] as { status: number; errorType?: string; body: string };
  }

  beforeAll(async () => {
    double = await startBrokerDouble();
    const ports = { PORT: String(await freePort()), ADMIN_PORT: String(await freePort()) };
    const env = { ...stage.agentEnv, ...ports, BROKER_SERVER_URL: double.url };
    agent = await startAgent({ env, cwd: stage.agentEnv.STATE_DIR ?? '' });
    socket = await double.opened('primary');
    await socket.next((frame) => frame.includes('"identify"'));
  });
  afterAll(async () => {
    await agent?.close();
    await double?.close();
  });

  it.each([
    ...cases(ATTEMPTS),
    ...cases(STOPPED_BY_THE_SERVER),
  ])('%s: %s is refused: %s', async (_name, _shown, reason, url) => {
    const before = urls();
    const answer = await call(url);
    expect(answer).toMatchObject({ status: 401, errorType: 'FILTER_BLOCKED' });
    expect(JSON.parse(answer.body)).toEqual({ code: 'FILTER_BLOCKED', message: 'blocked', reason, url });
    await call('/users?sentinel');
    expectOnly(before, '/users?sentinel');
  });

  it.each([
    ...LEGAL,
    ...LEGAL_STOPPED_BY_THE_SERVER,
  ])('%s arrives at Bitbucket byte for byte', async (url) => {
    const before = urls();
    const answer = await call(url);
    expect(answer.errorType).not.toBe('FILTER_BLOCKED');
    expectOnly(before, url);
  });

  it.each([
    [''],
    [null],
    [7],
    [['/users']],
    [{ toString: '/users' }],
  ])('a url that is no text is a bad request: %j', async (url) => {
    const before = urls();
    expect(await call(url)).toMatchObject({ status: 400, errorType: 'BAD_REQUEST' });
    expect(urls()).toEqual(before);
  });

  it('an answer header above U+00FF, here its request id, is dropped: the real server would die of it', async () => {
    const request = { url: '/users', method: 'GET', headers: {}, streamingID: '', requestId: 'wół 翻訳' };
    socket.emit('request', request, 100_000);
    const frame = await socket.next((text) => text.startsWith('4{"type":1,"id":100000,'));
    const answer = JSON.parse(frame.slice(1)).data[0];
    expect(answer).toMatchObject({ status: 200, headers: { 'x-ausername': 'agent' } });
    expect(answer.headers).not.toHaveProperty('snyk-request-id');
  });

  it('a header cannot smuggle a second request in', async () => {
    const before = urls();
    const answer = await call('/users', { 'x-a': 'b\r\n\r\nGET /admin HTTP/1.1\r\nhost: x' });
    expect(answer.status).toBe(400);
    await call('/users?sentinel');
    expectOnly(before, '/users?sentinel');
  });
});

describe('CVE-2020-7651, patches asked for in place of commit ids', () => {
  const COMMIT = '/projects/PLAT/repos/gateway/commits/0123456789abcdef0123456789abcdef01234567';
  const blocked = (reason: string) => ({ code: 'FILTER_BLOCKED', reason });

  describe('with a rule that names the media type', () => {
    let commits: Stage;
    let file: AcceptFile;
    beforeAll(async () => {
      const valid = [{ header: 'accept', values: ['application/json'] }];
      const path = '/projects/:key/repos/:slug/commits/:sha';
      const rule = { method: 'GET', path, origin: 'https://${BITBUCKET_API}', valid };
      file = acceptFile({ private: [rule], public: [] });
      commits = await startStage({ agentEnv: { ACCEPT: file.path } });
    });
    afterAll(async () => {
      await commits?.close();
      file?.remove();
    });

    it.each([
      'application/vnd.github.v3.diff',
      'application/vnd.github.v3.patch',
      'text/plain',
      'application/json, text/plain',
      '*/*',
      'Application/JSON',
      undefined,
    ])('refuses Accept: %s', async (accept) => {
      const before = commits.bitbucket.requests.length;
      for (const over of ['socket', 'stream'] as const) {
        const answer = await commits.call(COMMIT, { over, headers: accept === undefined ? {} : { accept } });
        expect(answer.status).toBe(401);
        expect(JSON.parse(answer.body.toString())).toMatchObject(blocked('valid-header'));
      }
      expect(commits.bitbucket.requests).toHaveLength(before);
    });

    it('sends Bitbucket the very Accept that was checked', async () => {
      await commits.call(COMMIT, { headers: { accept: 'application/json' } });
      const seen = commits.bitbucket.requests.at(-1);
      expect(seen).toMatchObject({ url: API + COMMIT, headers: { accept: 'application/json' } });
    });
  });

  describe('with the list that comes with the agent', () => {
    let shipped: Stage;
    beforeAll(async () => {
      shipped = await startStage();
    });
    afterAll(() => shipped?.close());

    it.each([
      COMMIT,
      `${COMMIT}.patch`,
      `${COMMIT}/diff`,
      `${COMMIT}/diff/src/main.ts`,
      `${COMMIT}/changes`,
      '/projects/PLAT/repos/gateway/diff?until=main',
      '/projects/PLAT/repos/gateway/patch?until=main',
      '/projects/PLAT/repos/gateway/compare/diff?from=main',
      '/projects/PLAT/repos/gateway/archive',
    ])('there is no rule for %s', async (path) => {
      const asked = () => shipped.bitbucket.requests.filter(({ url }) => url.includes('gateway'));
      const answer = await shipped.call(path, { headers: { accept: 'text/x-patch' } });
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.body.toString())).toMatchObject(blocked('no-rule'));
      expect(asked()).toEqual([]);
    });
  });
});
