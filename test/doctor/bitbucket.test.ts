import { afterEach, describe, expect, it } from '@jest/globals';
import type { BitbucketOptions } from '../../sandbox/bitbucket/server.ts';
import { createWorld } from '../../sandbox/bitbucket/world.ts';
import { startServer } from '../kit/http-server.ts';
import { atTheEnd, bitbucket, type Env, endAll, examined, file, snykServer, told } from './stage.ts';

afterEach(endAll);

const PERMISSION = 'com.atlassian.bitbucket.AuthorisationException';
const exception = (exceptionName: string) => JSON.stringify({ errors: [{ message: 'No.', exceptionName }] });
const API = 'https://${BITBUCKET_API}';
const rule = (path: string, auth: object | undefined = { scheme: 'bitbucket' }) => ({
  path,
  origin: API,
  auth,
});
const acceptList = (...rules: object[]) => file('accept.json', JSON.stringify({ private: rules }));

async function against(options: BitbucketOptions, env: Env = {}) {
  const server = await bitbucket(options);
  const check = await examined({ BITBUCKET_URL: server.url, ...env });
  return { server, found: (name: string) => check(name).map(told) };
}

describe('Bitbucket', () => {
  it('is told with its version and address', async () => {
    const { server, found } = await against({ contextPath: '/bb', version: '9.4.2' });
    expect(found('Bitbucket')).toEqual([`PASS 9.4.2 at ${server.url} | `]);
  });

  it.each([
    ['7.21.0', /^WARN 7\.21\.0 at .* \| Atlassian ended its support for Bitbucket Server/],
    ['5.16.0', /^WARN 5\.16\.0 at .*never tried with 5\.16\.0/],
    ['11.0.0', /^WARN 11\.0\.0 at .* \| Newer than 10/],
  ])('of version %s is warned of', async (version, line) => {
    expect((await against({ version })).found('Bitbucket')).toEqual([expect.stringMatching(line)]);
  });

  it('that is something else fails', async () => {
    const other = await startServer((_request, response) => response.end('<html>Welcome</html>'));
    atTheEnd(() => other.close());
    const check = await examined({ BITBUCKET_URL: `${other.origin}/wiki` });
    expect(check('Bitbucket').map(told)).toEqual([
      expect.stringMatching(/^FAIL what answers at .* is not Bitbucket \(status 200\) \| Check the path/),
    ]);
    expect(check('credentials')).toMatchObject([{ verdict: 'SKIP' }]);
  });

  it('that redirects, as a single sign-on does, fails', async () => {
    const server = await bitbucket();
    server.faults.add({ match: '/', kind: 'redirect', status: 302, location: 'https://sso.example/' });
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('Bitbucket').map(told)).toEqual([
      expect.stringMatching(/^FAIL Bitbucket answered 302.*single sign-on/),
    ]);
  });

  it('without a rule for its version is warned of, with the rule to add, and goes on', async () => {
    const { found } = await against({}, { ACCEPT: acceptList(rule('/projects'), rule('/users')) });
    expect(found('Bitbucket')).toEqual([
      expect.stringMatching(
        /^WARN .*no rule allows GET \/application-properties \| .*"path":"\/application-properties"/,
      ),
    ]);
    expect(found('credentials')).toEqual(['PASS BITBUCKET_PASSWORD is valid | ']);
  });

  it('shows a version from hell without its control characters', async () => {
    const server = await bitbucket();
    const body = JSON.stringify({ version: '9.4.0\u001b[2J\n' });
    server.faults.add({ match: '/rest/api/1.0/application-properties', kind: 'status', status: 200, body });
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('Bitbucket')[0]?.what).toContain('9.4.0\uFFFD[2J\uFFFD at');
  });

  it('that answers 503 is not taken for something else', async () => {
    const server = await bitbucket();
    server.faults.add({ match: '/', kind: 'status', status: 503 });
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('Bitbucket').map(told)).toEqual([
      expect.stringMatching(
        /^FAIL http:.* answers 503 \| See whether Bitbucket is starting or in maintenance/,
      ),
    ]);
  });

  it('that hangs in one list loses the others no time, and the line says which', async () => {
    const server = await bitbucket();
    server.faults.add({ match: '/rest/api/1.0/projects', kind: 'hang' });
    server.faults.add({ match: '/rest/api/1.0/admin/users', kind: 'hang' });
    const check = await examined({ BITBUCKET_URL: server.url }, { callMs: 300 });
    expect(check('visible').map(told)).toEqual([
      expect.stringMatching(
        /^FAIL projects \(no repositories can be read\): Bitbucket gave no answer in time/,
      ),
      expect.stringMatching(/^PASS repositories: /),
      expect.stringMatching(/^PASS users: /),
      expect.stringMatching(/^WARN admin users \(.*last login\): Bitbucket gave no answer in time/),
    ]);
  });

  it('that hangs where a login is tried names that login', async () => {
    const server = await bitbucket();
    server.faults.add({ match: '/rest/api/1.0/users', kind: 'hang' });
    const check = await examined({ BITBUCKET_URL: server.url }, { callMs: 300 });
    expect(check('credentials').map(told)).toEqual([
      expect.stringMatching(/^FAIL BITBUCKET_PASSWORD: Bitbucket gave no answer in time/),
    ]);
  });
});

describe('credentials', () => {
  const token = { BITBUCKET_USERNAME: undefined, BITBUCKET_PASSWORD: undefined };

  it('of a token say whose it is', async () => {
    const { found } = await against({}, { ...token, BITBUCKET_PAT: 'service-token' });
    expect(found('credentials')).toEqual([
      'PASS BITBUCKET_PAT is valid, of the user access-token-user/2/1405 | ',
    ]);
  });

  it('with a wrong password fail, after one try', async () => {
    const { server, found } = await against({}, { BITBUCKET_PASSWORD: 'wrong-password' });
    expect(found('credentials')).toEqual([
      expect.stringMatching(
        /^FAIL BITBUCKET_PASSWORD is not accepted \(401, IncorrectPasswordAuth\w+\) \| Check/,
      ),
    ]);
    expect(server.requests.filter(({ headers }) => headers.authorization !== undefined)).toHaveLength(1);
  });

  it('without a licence fail with its name', async () => {
    const { found } = await against(
      {},
      { BITBUCKET_USERNAME: 'unlicensed', BITBUCKET_PASSWORD: 'unlicensed-password' },
    );
    expect(found('credentials')).toEqual([expect.stringMatching(/^FAIL .*NoAccessAuth.*licence/)]);
  });

  it.each([false, true])('that are no token fail, anonymous access %j', async (anonymousAccess) => {
    const { found } = await against({ anonymousAccess }, { ...token, BITBUCKET_PAT: 'no-such-token' });
    expect(found('credentials')).toEqual([expect.stringMatching(/^FAIL BITBUCKET_PAT is not accepted/)]);
    expect(found('visible')).toEqual([expect.stringMatching(/^SKIP/)]);
  });

  it('that get 200 and no name from an open list fail: it was answered to nobody', async () => {
    const { found } = await against(
      { anonymousAccess: true },
      { ...token, BITBUCKET_PAT: 'no-such-token', ACCEPT: acceptList(rule('/projects')) },
    );
    expect(found('credentials')).toEqual([
      expect.stringMatching(
        /^FAIL BITBUCKET_PAT is not accepted: Bitbucket answers as to nobody \| .*Anonymous access/,
      ),
    ]);
  });

  it('of a pool are told one by one; one that works is enough to go on', async () => {
    const { found } = await against({}, { ...token, BITBUCKET_PAT_POOL: 'no-such-token,agent-token' });
    expect(found('credentials')).toEqual([
      expect.stringMatching(/^FAIL BITBUCKET_PAT_POOL\[1\] is not accepted/),
      'PASS BITBUCKET_PAT_POOL[2] is valid, of the user agent | ',
    ]);
    expect(found('visible')).toEqual(expect.arrayContaining([expect.stringMatching(/^PASS users: /)]));
  });

  it('of rules with a login of their own are tried too', async () => {
    const own = { scheme: 'bearer', token: '${MY_PAT}' };
    const { found } = await against(
      {},
      {
        MY_PAT: 'no-such-token',
        ACCEPT: acceptList(
          rule('/users'),
          rule('/projects', own),
          rule('/x/:y', { scheme: 'bearer', token: '${OTHER_PAT}' }),
        ),
        OTHER_PAT: 'other-token',
      },
    );
    expect(found('credentials')).toEqual([
      'PASS BITBUCKET_PASSWORD is valid | ',
      expect.stringMatching(/^FAIL MY_PAT is not accepted/),
      expect.stringMatching(/^SKIP OTHER_PAT cannot be tried/),
    ]);
  });

  it('that work behind something that takes X-AUSERNAME out are warned of', async () => {
    const server = await bitbucket();
    server.faults.add({
      match: '/rest/api/1.0/users?limit=1',
      kind: 'status',
      status: 200,
      body: '{"values":[]}',
    });
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('credentials').map(told)).toEqual([
      expect.stringMatching(/^WARN .*does not name its user \| Have the proxy/),
    ]);
  });

  it.each([
    [403, /^FAIL BITBUCKET_PASSWORD: Bitbucket answers 403.*CAPTCHA/],
    [500, /^FAIL BITBUCKET_PASSWORD: Bitbucket answers 500 \| See what is wrong with Bitbucket/],
    [429, /^WARN BITBUCKET_PASSWORD: Bitbucket limits its rate just now/],
  ])('that get %d', async (status, line) => {
    const server = await bitbucket();
    server.faults.add({ match: '/rest/api/1.0/users', kind: 'status', status });
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('credentials').map(told)).toEqual([expect.stringMatching(line)]);
  });

  it('that get no answer fail with the reason', async () => {
    const server = await bitbucket();
    server.faults.add({ match: '/rest/api/1.0/users', kind: 'refuse' });
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('credentials').map(told)).toEqual([
      expect.stringMatching(
        /^FAIL BITBUCKET_PASSWORD: The exchange with Bitbucket broke off \(UND_ERR_SOCKET\) \| Check BITBUCKET_URL/,
      ),
    ]);
  });
});

describe('what the login sees', () => {
  it('is counted by first pages', async () => {
    const { found } = await against({});
    expect(found('visible')).toEqual([
      expect.stringMatching(/^PASS projects: \d+ \| $/),
      'PASS repositories: 25 or more | ',
      'PASS users: 25 or more | ',
      'PASS admin users: 25 or more | ',
    ]);
  });

  it('fails where a vital rule is missing, with the rule to add', async () => {
    const { found } = await against(
      {},
      { ACCEPT: acceptList(rule('/projects'), rule('/users'), rule('/admin/users')) },
    );
    expect(found('visible')[1]).toMatch(
      /^FAIL repositories: no rule allows GET \/repos.*\| Add to "private": \{.*"path":"\/repos"/,
    );
    expect(found('inventory rules')).toEqual([
      expect.stringMatching(/^FAIL The accept list does not allow.*\/repos.*Add to "private"/s),
    ]);
  });

  it('only warns of that where there is no inventory to keep', async () => {
    const { found } = await against({}, { ACCEPT: acceptList(rule('/users')), INVENTORY_ENABLED: 'false' });
    expect(found('visible').map((line) => line.slice(0, 4))).toEqual(['WARN', 'WARN', 'PASS', 'WARN']);
    expect(found('inventory rules')).toEqual([expect.stringMatching(/^PASS the inventory is off/)]);
  });

  it('names the permission that is missing; one list of users is enough', async () => {
    const { found } = await against(
      {},
      { BITBUCKET_USERNAME: 'readonly', BITBUCKET_PASSWORD: 'readonly-password' },
    );
    expect(found('visible')[3]).toMatch(
      /^WARN admin users: .*AuthorisationException.*last login \| .*LICENSED_USER/,
    );
  });

  it('is compared within a pool', async () => {
    const pool = { BITBUCKET_USERNAME: undefined, BITBUCKET_PASSWORD: undefined };
    const mixed = await against({}, { ...pool, BITBUCKET_PAT_POOL: 'agent-token,service-token' });
    expect(mixed.found('visible').slice(4)).toEqual([
      expect.stringMatching(
        /^WARN BITBUCKET_PAT_POOL\[2\] is shown something else: .*admin users: .*AuthorisationException.* \| .*same permissions/,
      ),
    ]);
    const same = await against({}, { ...pool, BITBUCKET_PAT_POOL: 'agent-token,agent-token' });
    expect(same.found('visible')).toHaveLength(4);
  });

  it('fails where neither list of users may be read', async () => {
    const server = await bitbucket();
    const body = exception(PERMISSION);
    for (const match of ['/rest/api/1.0/users?limit=25', '/rest/api/1.0/admin/users']) {
      server.faults.add({ match, kind: 'status', status: 401, body });
    }
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('visible').map(({ verdict }) => verdict)).toEqual(['PASS', 'PASS', 'FAIL', 'FAIL']);
  });

  it('warns of an empty list, and fails on what is no page', async () => {
    const server = await bitbucket({ world: createWorld() });
    const empty = JSON.stringify({ values: [], isLastPage: true });
    server.faults.add({ match: '/rest/api/1.0/projects', kind: 'status', status: 200, body: empty });
    server.faults.add({ match: '/rest/api/1.0/repos', kind: 'login-page' });
    const check = await examined({ BITBUCKET_URL: server.url });
    expect(check('visible').map(told).slice(0, 2)).toEqual([
      expect.stringMatching(/^WARN projects: none \| See in Bitbucket/),
      expect.stringMatching(/^FAIL repositories: the answer is no page/),
    ]);
  });

  it('asks for the rules of the projects that are named, and of no other', async () => {
    const list = ['/projects', '/projects/PLAT/repos', '/repos', '/users', '/admin/users'].map((path) =>
      rule(path),
    );
    const ACCEPT = acceptList(...list);
    const verdicts = async (env: Env) =>
      (await against({}, { ACCEPT, ...env })).found('inventory rules').map((line) => line.slice(0, 4));
    expect(await verdicts({ INCLUDE_PROJECTS: 'PLAT' })).not.toContain('FAIL');
    expect(await verdicts({})).toContain('FAIL');
  });

  it('notes what enrichment goes without', async () => {
    const list = ['/projects', '/projects/:key/repos', '/repos', '/users', '/admin/users'].map((path) =>
      rule(path),
    );
    const { found } = await against({}, { ACCEPT: acceptList(...list) });
    expect(found('inventory rules')).toEqual(
      expect.arrayContaining([
        expect.stringMatching(
          /^WARN No rule allows GET .*labels: labels stays null.* \| To change that add \{/,
        ),
      ]),
    );
  });
});

describe('the rate limit', () => {
  it.each([
    [{ capacity: 1000, fillRate: 1 }, /^PASS in order: \d+ of 1000 calls left/],
    [{ capacity: 6, fillRate: 0.001 }, /^WARN nearly used up: 1 of 6 calls left \| Raise/],
    [{ capacity: 3, fillRate: 0.001 }, /^WARN Bitbucket refuses calls for it just now \(429\)/],
  ])('of %j', async (rateLimit, line) => {
    const { found } = await against({ rateLimit });
    expect(found('rate limit')).toEqual([expect.stringMatching(line)]);
  });

  it('is in order where Bitbucket tells of none', async () => {
    expect((await against({})).found('rate limit')).toEqual(['PASS Bitbucket tells of none | ']);
  });
});

describe('the clock', () => {
  const off = (ms: number) => new Date(Date.now() + ms).toUTCString();

  it.each([
    [0, /^PASS Snyk's clock is \d s/],
    [90_000, /^WARN Snyk's clock is (89|90|91) s ahead of this host's \| Set this host's clock/],
    [-90_000, /^WARN Snyk's clock is (89|90|91) s behind/],
    [-400_000, /^FAIL Snyk's clock is \d+ s behind this host's \| Set/],
  ])('off by %d ms', async (ms, line) => {
    const check = await examined({ BROKER_SERVER_URL: await snykServer({ date: off(ms) }) });
    expect(check('clock').map(told)).toEqual(
      expect.arrayContaining([expect.stringMatching(line), expect.stringMatching(/^PASS Bitbucket's clock/)]),
    );
  });

  it('is skipped when nobody told the time', async () => {
    const nobody = 'http://127.0.0.1:1';
    const check = await examined({ BROKER_SERVER_URL: nobody, BITBUCKET_URL: nobody });
    expect(check('clock').map(told)).toEqual(['SKIP no answer told the time | ']);
  });
});
