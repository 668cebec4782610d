import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { createAuthority } from '../../sandbox/certificates.ts';
import { parsed, type WireCall, wireCall } from './wire-call.ts';

const API = '/rest/api/1.0';
let closed: Bitbucket;
let open: Bitbucket;

beforeAll(async () => {
  closed = await startBitbucket();
  open = await startBitbucket({ anonymousAccess: true });
});
afterAll(() => Promise.all([closed.close(), open.close()]));

async function refusal(bitbucket: Bitbucket, path: string, call: WireCall) {
  const answer = await wireCall(bitbucket.url, API + path, call);
  const name = parsed(answer).errors?.[0]?.exceptionName?.split('.').at(-1);
  return [answer.status, name, answer.headers['x-ausername']];
}

describe('who asks', () => {
  it('a good answer says who, gives a session, and the session works as a login', async () => {
    const { headers } = await wireCall(closed.url, `${API}/projects`, { token: 'service-token' });
    expect(headers).toMatchObject({
      'x-ausername': 'access-token-user%2F2%2F1405',
      'x-auserid': '7',
      'x-arequestid': expect.any(String),
      'x-asessionid': expect.any(String),
      'content-type': 'application/json;charset=UTF-8',
    });
    const cookie = String(headers['set-cookie']).split(';')[0] ?? '';
    expect(cookie).toMatch(/^BITBUCKETSESSIONID=/);
    const again = await wireCall(closed.url, `${API}/projects`, { login: null, headers: { cookie } });
    expect(again.headers['x-ausername']).toBe('access-token-user%2F2%2F1405');
  });

  it('a token is also the password of its user', async () => {
    expect((await wireCall(closed.url, `${API}/users`, { login: 'agent:agent-token' })).status).toBe(200);
  });

  it('each 401 has its exception; a missing permission is one, and still says who', async () => {
    expect(await refusal(closed, '/projects', { login: 'agent:wrong' })).toEqual([
      401,
      'IncorrectPasswordAuthenticationException',
      undefined,
    ]);
    expect(await refusal(closed, '/projects', { token: 'wrong' })).toEqual([
      401,
      'AuthenticationRequiredException',
      undefined,
    ]);
    expect(await refusal(closed, '/projects', { login: 'unlicensed:unlicensed-password' })).toEqual([
      401,
      'NoAccessAuthenticationException',
      undefined,
    ]);
    expect(await refusal(closed, '/projects/VAULT', {})).toEqual([401, 'AuthorisationException', 'agent']);
    const readonly = { login: 'readonly:readonly-password' };
    for (const path of ['/admin/users', '/admin/groups', '/admin/groups/more-members?context=developers']) {
      expect(await refusal(closed, path, readonly)).toEqual([401, 'AuthorisationException', 'readonly']);
    }
  });

  it('a bad token is nobody where the public may read: 200, without a name, with what is public', async () => {
    const answer = await wireCall(open.url, `${API}/repos?limit=1000`, { token: 'expired' });
    expect([answer.status, answer.headers['x-ausername']]).toEqual([200, undefined]);
    const { values = [] } = parsed(answer);
    expect(values.length).toBeGreaterThan(0);
    expect(values.every((repository) => repository.public === true)).toBe(true);
    expect(parsed(await wireCall(open.url, `${API}/repos?permission=REPO_READ`, { login: null })).size).toBe(
      0,
    );
    expect(await refusal(open, '/users', { login: null })).toEqual([
      401,
      'AuthenticationRequiredException',
      undefined,
    ]);
    expect(await refusal(open, '/projects/PLAT', { login: null })).toEqual([
      401,
      'AuthenticationRequiredException',
      undefined,
    ]);
  });

  it('application-properties needs no login', async () => {
    const answer = await wireCall(closed.url, `${API}/application-properties`, { login: null });
    expect(parsed(answer)).toMatchObject({ version: '9.4.0', buildNumber: '9004000' });
  });
});

describe('the rate limit', () => {
  it('is a bucket a user: 429 with Retry-After when empty, filled by time', async () => {
    let time = 0;
    const bitbucket = await startBitbucket({ rateLimit: { capacity: 2, fillRate: 1, now: () => time } });
    const call = (login: string) => wireCall(bitbucket.url, `${API}/projects`, { login });
    const agent = 'agent:agent-password';
    expect((await call(agent)).headers['x-ratelimit-remaining']).toBe('1');
    expect((await call(agent)).status).toBe(200);
    const refused = await call(agent);
    expect([refused.status, refused.headers['retry-after'], refused.headers['x-ratelimit-limit']]).toEqual([
      429,
      '1',
      '2',
    ]);
    expect((await call('admin:admin-password')).status).toBe(200);
    time += 1000;
    expect((await call(agent)).status).toBe(200);
    const settings = await wireCall(bitbucket.url, `${API}/admin/rate-limit/settings`, {
      login: 'admin:admin-password',
    });
    expect(parsed(settings)).toEqual({ enabled: true, defaultSettings: { capacity: 2, fillRate: 1 } });
    await bitbucket.close();
  });
});

describe('the wire', () => {
  it('large JSON is compressed for who accepts it, small is not, and JSON comes in chunks', async () => {
    const gzip = { headers: { 'accept-encoding': 'br;q=1, gzip;q=0.5' } };
    const large = await wireCall(closed.url, `${API}/repos`, gzip);
    const plain = await wireCall(closed.url, `${API}/repos`, { headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(large.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(large.body)).toEqual(plain.body);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.headers['transfer-encoding']).toBe('chunked');
    const small = await wireCall(closed.url, `${API}/projects/PLAT`, gzip);
    expect(small.headers['content-encoding']).toBeUndefined();
  });

  it('HEAD is GET without a body', async () => {
    const head = await wireCall(closed.url, `${API}/projects`, { method: 'HEAD' });
    expect([head.status, head.body.length, head.headers['x-ausername']]).toEqual([200, 0, 'agent']);
  });

  it('speaks TLS under a context path', async () => {
    const authority = createAuthority();
    const bitbucket = await startBitbucket({
      tls: authority.issue(['127.0.0.1']),
      contextPath: '/bitbucket',
    });
    const answer = await wireCall(bitbucket.url, `${API}/projects/PLAT`, { ca: authority.ca });
    expect(JSON.stringify(parsed(answer).links)).toContain(
      `https://127.0.0.1:${bitbucket.port}/bitbucket/projects/PLAT`,
    );
    expect(String(answer.headers['set-cookie'])).toContain('Path=/bitbucket; HttpOnly; Secure');
    await bitbucket.close();
  });

  it('keeps the last calls only, and tells who waits for one', async () => {
    const bitbucket = await startBitbucket({ keepRequests: 2 });
    const awaited = bitbucket.arrival(({ url }) => url.endsWith('/third'));
    for (const name of ['first', 'second', 'third']) await wireCall(bitbucket.url, `/${name}`);
    expect((await awaited).url).toBe('/third');
    expect(bitbucket.requests.map(({ url }) => url)).toEqual(['/second', '/third']);
    const never = bitbucket.arrival(() => false);
    const refused = expect(never).rejects.toThrow('closed before');
    await bitbucket.close();
    await refused;
  });
});
