import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallAnswer } from '../../sandbox/caller.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { type WireAnswer, wireCall } from '../sandbox/wire-call.ts';

const API = '/rest/api/1.0';
const REPOSITORY = '/projects/PLAT/repos/gateway';
const OWN_LOGIN = `Basic ${Buffer.from('agent:agent-password').toString('base64')}`;

/** What the connection or the call itself decides, not what is asked for. */
const OF_THE_CALL = ['connection', 'date', 'keep-alive', 'transfer-encoding', 'x-arequestid'];
/** The agent never passes it on. */
const NEVER = ['set-cookie'];
/** What the broker server adds or works out anew where the body came inside an acknowledgement. */
const OF_THE_SERVER = ['snyk-request-id', 'x-broker-ws-response', 'etag'];

type Headers = WireAnswer['headers'];

function without(headers: Headers, ...names: readonly string[]): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

/** express writes `a/b;charset=UTF-8` as `a/b; charset=utf-8`. */
function plainType(headers: Headers): Headers {
  const type = headers['content-type'];
  return typeof type === 'string'
    ? { ...headers, 'content-type': type.toLowerCase().replaceAll(' ', '') }
    : headers;
}

function expectSame(relayed: CallAnswer, direct: WireAnswer, over: 'socket' | 'stream'): void {
  expect(relayed.status).toBe(direct.status);
  expect(relayed.body.equals(direct.body)).toBe(true);
  const theirs = without(direct.headers, ...OF_THE_CALL, ...NEVER);
  const ours = without(relayed.headers, ...OF_THE_CALL, ...OF_THE_SERVER);
  if (over === 'stream') expect(ours).toEqual(theirs);
  else {
    expect(plainType(without(ours, 'content-length'))).toEqual(plainType(without(theirs, 'content-length')));
    if (direct.status !== 204) expect(ours['content-length']).toBe(String(direct.body.length));
  }
}

describe.each(['socket', 'stream'] as const)('calls answered over the %s path', (over) => {
  let stage: Stage;
  const urls = () => stage.bitbucket.requests.map(({ url }) => url);
  const direct = (path: string, headers: Record<string, string> = {}) =>
    wireCall(stage.bitbucket.url, API + path, { headers: { 'accept-encoding': 'identity', ...headers } });
  const relayed = (path: string, headers: Record<string, string> = {}) =>
    stage.call(path, { over, headers: { 'accept-encoding': 'identity', ...headers } });

  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage?.close());

  it.each([
    ['/application-properties', 200],
    ['/users', 200],
    ['/users?limit=1000', 200],
    ['/users/admin', 200],
    ['/admin/users?limit=3', 200],
    ['/admin/groups', 200],
    ['/admin/groups/more-members?context=developers', 200],
    ['/projects', 200],
    ['/projects/PLAT', 200],
    ['/projects/~JANE_EXAMPLE', 200],
    ['/projects/PLAT/repos', 200],
    ['/projects/PLAT/repos?limit=2&start=2', 200],
    [REPOSITORY, 200],
    [`${REPOSITORY}/labels`, 200],
    [`${REPOSITORY}/default-branch`, 200],
    [`${REPOSITORY}/branches/default`, 200],
    ['/projects/PLAT/repos/empty/branches/default', 204],
    [`${REPOSITORY}/commits?limit=5`, 200],
    ['/projects/PLAT/repos/monolith/commits?limit=1000', 200],
    [`${REPOSITORY}/raw/catalog-info.yaml`, 200],
    ['/repos?limit=7&start=3', 200],
    ['/projects/OPEN/repos/uebersetzungen', 200],
  ])('brings %s as Bitbucket itself answers it: %i', async (path, status) => {
    const answer = await relayed(path);
    expect(urls().at(-1)).toBe(API + path);
    expect(answer.status).toBe(status);
    expectSame(answer, await direct(path), over);
  });

  it.each([
    ['a missing repository', '/projects/PLAT/repos/no-such-thing', 404, 'NoSuchRepositoryException'],
    ['a missing user', '/users/nobody-at-all', 404, 'NoSuchUserException'],
    ['a missing permission', '/projects/VAULT', 401, 'AuthorisationException'],
    ['a wrong argument', '/admin/groups/more-members', 400, 'ArgumentValidationException'],
  ])("passes Bitbucket's answer to %s on as it is", async (_what, path, status, exception) => {
    const answer = await relayed(path);
    expect(answer.status).toBe(status);
    expect(answer.body.toString()).toContain(exception);
    expectSame(answer, await direct(path), over);
  });

  it.each([
    [429, { 'Retry-After': '7', 'X-RateLimit-Remaining': '0' }],
    [403, {}],
    [409, {}],
    [500, {}],
    [503, { 'Retry-After': '120' }],
  ])('passes a %i on with its headers and its body', async (status, headers) => {
    const fault = stage.bitbucket.faults.add({ kind: 'status', match: `${API}/users`, status, headers });
    try {
      const answer = await relayed('/users');
      expect(fault.hits).toBe(1);
      expect(answer.status).toBe(status);
      expect(answer.body.toString()).toContain(`Made to answer ${status}`);
      expectSame(answer, await direct('/users'), over);
    } finally {
      fault.remove();
    }
  });

  it("keeps Bitbucket's session to itself", async () => {
    expect((await direct('/users')).headers['set-cookie']).toEqual([
      expect.stringContaining('BITBUCKETSESSIONID='),
    ]);
    const answer = await relayed('/users');
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(JSON.stringify(answer.headers)).not.toContain('BITBUCKETSESSIONID');
  });

  it("sends its own login to Bitbucket and nothing of the way or of the caller's secrets", async () => {
    const answer = await stage.call('/users', {
      over,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'snyk-backend/1',
        'x-atlassian-token': 'no-check',
        authorization: 'Bearer stolen-token',
        cookie: 'BITBUCKETSESSIONID=stolen',
        forwarded: 'for=192.0.2.1',
        'x-forwarded-for': '192.0.2.1',
        'x-forwarded-host': 'inside.example.com',
        'x-http-method-override': 'DELETE',
        te: 'trailers',
        'proxy-authorization': 'Basic c3RvbGVu',
        'snyk-acting-org-public-id': randomUUID(),
        'snyk-acting-group-public-id': randomUUID(),
        'snyk-flow-name': 'flow',
        'snyk-product-line': 'line',
        'snyk-project-type': 'type',
        'snyk-integration-type': 'bitbucket-server',
        'x-snyk-broker-context-id': 'context',
      },
    });
    expect(answer.status).toBe(200);
    expect(stage.bitbucket.requests.at(-1)?.headers).toEqual({
      host: `127.0.0.1:${stage.bitbucket.port}`,
      connection: 'keep-alive',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'snyk-backend/1',
      'x-atlassian-token': 'no-check',
      'snyk-request-id': answer.requestId,
      authorization: OWN_LOGIN,
    });
  });

  it('writes no variable into a call, whatever the caller asks for', async () => {
    await relayed('/users', { 'x-broker-var-sub': 'x-wish', 'x-wish': '${BITBUCKET_PASSWORD}' });
    const { headers } = stage.bitbucket.requests.at(-1) ?? {};
    expect(headers?.['x-wish']).toBe('${BITBUCKET_PASSWORD}');
    expect(headers).not.toHaveProperty('x-broker-var-sub');
  });

  it("gives the caller's request id back and names it in one line of the log", async () => {
    const requestId = randomUUID();
    const answer = await stage.call('/projects/PLAT?limit=1', { over, requestId });
    expect(answer.headers['snyk-request-id']).toBe(requestId);
    const line = await stage.agent.waitForLog((entry) => entry.requestId === requestId, 5000);
    expect(line).toMatchObject({
      message: 'relayed',
      method: 'GET',
      path: '/projects/PLAT',
      ruleId: 'project',
      status: 200,
      bytes: answer.body.length,
    });
    expect(JSON.stringify(line)).not.toContain('Platform');
  });

  it('compresses nothing and mangles nothing where Bitbucket compresses', async () => {
    const path = '/users?limit=1000';
    const plain = await direct(path);
    const zipped = await direct(path, { 'accept-encoding': 'gzip' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    const answer = await relayed(path, { 'accept-encoding': 'gzip' });
    expectSame(answer, over === 'stream' ? zipped : plain, over);
  });

  it.each([
    ['HEAD', '/users', 'method'],
    ['POST', '/projects/PLAT/repos', 'method'],
    ['DELETE', REPOSITORY, 'method'],
    ['OPTIONS', '/users', 'method'],
    ['GET', '/admin/permissions/users', 'no-rule'],
    ['GET', `${REPOSITORY}/raw/src/main.ts`, 'no-rule'],
    ['GET', `${REPOSITORY}/browse/src/main.ts`, 'no-rule'],
    ['GET', '/', 'no-rule'],
    ['GET', '/rest/api/1.0/users', 'no-rule'],
  ] as const)('refuses %s %s and asks Bitbucket nothing', async (method, path, reason) => {
    const before = urls();
    const answer = await stage.call(path, { over, method });
    expect(answer.status).toBe(401);
    const line = await stage.agent.waitForLog((entry) => entry.requestId === answer.requestId, 5000);
    expect(line).toMatchObject({ message: 'refused', reason, ruleId: null, status: 401 });
    if (method !== 'HEAD') {
      const body = JSON.parse(answer.body.toString());
      expect(body).toEqual({ code: 'FILTER_BLOCKED', message: 'blocked', reason, url: path });
    }
    expect(urls()).toEqual(before);
  });
});
