import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Credential } from '../../sandbox/bitbucket/auth.ts';
import { type Stage, startStage } from '../../sandbox/stage.ts';
import { type AcceptFile, acceptFile } from './accept-file.ts';

const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

const CREDENTIALS: readonly Credential[] = [
  { token: 'token-alpha-111', username: 'agent' },
  { token: 'token-gamma-333', username: 'agent' },
  { username: 'svc-one', password: 'password-one' },
  { username: 'svc-two', password: 'password-two' },
];

/** Without rules for anything else, so that nothing but the test's own calls takes a turn. */
const rules = (auth: object) => ({
  private: ['/projects', '/projects/:key'].map((path) => ({
    method: 'GET',
    path,
    origin: 'https://${BITBUCKET_API}',
    auth,
  })),
  public: [],
});

describe.each([
  ['the scheme of the shipped list', { scheme: 'bitbucket' }],
  ['an official rule', { scheme: 'bearer', token: '${BITBUCKET_PAT}' }],
])('a pool of access tokens, by %s', (_what, auth) => {
  let list: AcceptFile;
  let stage: Stage | undefined;
  beforeEach(() => {
    list = acceptFile(rules(auth));
  });
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
    list.remove();
  });

  const start = async (...tokens: string[]) => {
    stage = await startStage({
      bitbucket: { credentials: CREDENTIALS },
      agentEnv: {
        BITBUCKET_USERNAME: undefined,
        BITBUCKET_PASSWORD: undefined,
        BITBUCKET_PAT_POOL: tokens.join(','),
        ACCEPT: list.path,
      },
    });
    return stage;
  };
  const seen = ({ bitbucket }: Stage) => bitbucket.requests.map(({ headers }) => headers.authorization);
  const refusals = ({ agent }: Stage) =>
    agent.log.filter(({ message }) => /refused a login/.test(`${message}`));

  it('is used in turn', async () => {
    const run = await start('token-alpha-111', 'token-gamma-333');
    for (let call = 0; call < 6; call += 1) expect((await run.call('/projects')).status).toBe(200);
    const turn = ['Bearer token-alpha-111', 'Bearer token-gamma-333'];
    expect(seen(run)).toEqual([...turn, ...turn, ...turn]);
  });

  it('has a revoked token rest, names it in the log, and goes on without a failed call', async () => {
    const run = await start('token-alpha-111', 'token-revoked-222', 'token-gamma-333');
    for (let call = 0; call < 6; call += 1) {
      for (const over of ['socket', 'stream'] as const) {
        expect((await run.call('/projects', { over })).status).toBe(200);
      }
    }
    const tokens = seen(run).map((authorization) => authorization?.slice('Bearer token-'.length, -4));
    expect(tokens.slice(0, 5)).toEqual(['alpha', 'revoked', 'gamma', 'alpha', 'gamma']);
    expect(tokens.filter((token) => token === 'revoked')).toHaveLength(1);
    expect(tokens).toHaveLength(13);
    const line = await run.agent.waitForLog(({ message }) => message === 'Bitbucket refused a login', 5000);
    expect(line).toMatchObject({ level: 'warn', credential: 'BITBUCKET_PAT_POOL[2]', restsForMs: 300_000 });
    expect(refusals(run)).toHaveLength(1);
    expect(run.agent.output()).not.toContain('token-revoked-222');
  });

  it('has no token rest for a missing permission, which is passed on', async () => {
    const run = await start('token-alpha-111', 'token-gamma-333');
    for (let call = 0; call < 4; call += 1) {
      const answer = await run.call('/projects/VAULT');
      expect(answer.status).toBe(401);
      expect(answer.body.toString()).toContain('com.atlassian.bitbucket.AuthorisationException');
    }
    expect(new Set(seen(run)).size).toBe(2);
    expect(seen(run)).toHaveLength(4);
    expect(refusals(run)).toEqual([]);
  });

  it('keeps the last token at work, however often it is refused', async () => {
    const run = await start('token-revoked-1', 'token-revoked-2');
    for (let call = 0; call < 3; call += 1) {
      const answer = await run.call('/projects');
      expect(answer.status).toBe(401);
      expect(answer.body.toString()).toContain('AuthenticationRequiredException');
    }
    expect(seen(run)).toEqual([
      'Bearer token-revoked-1',
      'Bearer token-revoked-2',
      'Bearer token-revoked-2',
      'Bearer token-revoked-2',
    ]);
    const isLast = (line: object) => 'restsForMs' in line && line.restsForMs === 0;
    expect(await run.agent.waitForLog(isLast, 5000)).toMatchObject({ credential: 'BITBUCKET_PAT_POOL[2]' });
  });
});

describe('pools of users and passwords in an official rule', () => {
  let list: AcceptFile;
  let stage: Stage | undefined;
  beforeEach(() => {
    const login = { username: '${BITBUCKET_USERNAME}', password: '${BITBUCKET_PASSWORD}' };
    list = acceptFile(rules({ scheme: 'basic', ...login }));
  });
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
    list.remove();
  });

  const start = async (users: string, passwords: string) => {
    stage = await startStage({
      bitbucket: { credentials: CREDENTIALS },
      agentEnv: {
        BITBUCKET_USERNAME: undefined,
        BITBUCKET_PASSWORD: undefined,
        BITBUCKET_USERNAME_POOL: users,
        BITBUCKET_PASSWORD_POOL: passwords,
        ACCEPT: list.path,
      },
    });
    return stage;
  };

  it('go together in turn', async () => {
    const run = await start('svc-one,svc-two', 'password-one,password-two');
    for (let call = 0; call < 4; call += 1) expect((await run.call('/projects')).status).toBe(200);
    const turn = [basic('svc-one', 'password-one'), basic('svc-two', 'password-two')];
    expect(run.bitbucket.requests.map(({ headers }) => headers.authorization)).toEqual([...turn, ...turn]);
  });

  it('have a wrong password rest and name it, without the password', async () => {
    const run = await start('svc-one,svc-two', 'password-old-and-wrong,password-two');
    for (let call = 0; call < 4; call += 1) expect((await run.call('/projects')).status).toBe(200);
    const seen = run.bitbucket.requests.map(({ headers }) => headers.authorization);
    const wrong = basic('svc-one', 'password-old-and-wrong');
    expect(seen).toEqual([wrong, ...Array.from({ length: 4 }, () => basic('svc-two', 'password-two'))]);
    const line = await run.agent.waitForLog(({ message }) => message === 'Bitbucket refused a login', 5000);
    expect(line.credential).toBe('BITBUCKET_PASSWORD_POOL[1]');
    expect(run.agent.output()).not.toContain('password-old-and-wrong');
    expect(run.agent.output()).not.toContain(wrong.slice('Basic '.length));
  });
});
