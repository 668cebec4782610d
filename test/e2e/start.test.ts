import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startStage } from '../../sandbox/stage.ts';
import { memoryWarning } from '../../src/agent/start-report.ts';
import { atTheEnd, endAll } from '../kit/endings.ts';
import { startServer } from '../kit/http-server.ts';
import { enough, makeWorkplace, TOKEN, type Workplace } from './lone-agent.ts';
import { ask } from './public-port.ts';

const WAIT_MS = 10_000;

let place: Workplace;
beforeEach(() => {
  place = makeWorkplace();
  atTheEnd(() => place.close());
});
afterEach(endAll);

describe('a start without what it takes', () => {
  it('with nothing set: exit code 2, every missing variable named with an example', async () => {
    const { code, output } = await place.ended({});
    expect(code).toBe(2);
    expect(output).toMatch(/^3 problem\(s\) in the configuration:$/m);
    expect(output).toMatch(/BROKER_TOKEN: is not set\n +for example: [0-9a-f-]{36}/);
    expect(output).toMatch(/BITBUCKET_URL: is not set, and neither is BITBUCKET\n +for example: https:\/\//);
    expect(output).toMatch(/BITBUCKET_PAT: .*\n +for example: \S+/);
    expect(output).not.toMatch(/"started"|at .*\.js:\d+/);
  });

  it.each([
    ['a missing variable', { BROKER_TOKEN: '' }, 'BROKER_TOKEN'],
    ['an accept list that cannot be used', { ACCEPT: 'broken.json' }, 'broken.json'],
  ])('tells %s before it opens a port', async (_what, env, name) => {
    writeFileSync(join(place.folder, 'broken.json'), '[]');
    const whole = await enough();
    // A port that is taken would end it with exit code 1.
    await occupy(Number(whole.PORT));
    const { code, output } = await place.ended({ ...whole, ...env });
    expect(code).toBe(2);
    expect(output).toContain(name);
    expect(output).not.toContain('EADDRINUSE');
  });

  it('names a variable that was misspelt, when it is missing and when it is not', async () => {
    const { BITBUCKET_PAT: _pat, ...env } = await enough();
    const { code, output } = await place.ended({ ...env, BITBUCKET_PATT: 'canary' });
    expect(code).toBe(2);
    expect(output).toMatch(/BITBUCKET_PAT: is not set/);
    expect(output).toContain('Not known to this agent: BITBUCKET_PATT (BITBUCKET_PAT?).');
    expect(output).not.toContain('canary');
    const agent = await place.begin({ ...(await enough()), ALLOW_WRITE: 'true' });
    const line = await agent.waitForLog(({ warning }) => String(warning).startsWith('Not known'), WAIT_MS);
    expect(line).toMatchObject({
      level: 'warn',
      warning: expect.stringContaining('ALLOW_WRITE (ALLOW_WRITES?)'),
    });
  });

  it('tells all that is wrong at once, and never repeats a value that may be a secret', async () => {
    const secrets = ['can ary-token', 'can\u0001ary-pat', 'canary-proxy-password'];
    const { code, output } = await place.ended({
      BROKER_TOKEN: secrets[0] ?? '',
      BITBUCKET_URL: 'bitbucket.example.com',
      BITBUCKET_PAT: secrets[1] ?? '',
      HTTPS_PROXY: `socks5://user:${secrets[2]}@proxy.example.com:1`,
      PORT: '99999',
      LOG_LEVEL: 'loud',
      ALLOW_WRITES: 'maybe',
      CA_CERT: 'no-such-file.pem',
    });
    expect(code).toBe(2);
    const named = [...output.matchAll(/^ {2}([A-Z_]+): /gm)].map(([, name]) => name);
    expect(named.sort()).toEqual([
      'ALLOW_WRITES',
      'BITBUCKET_PAT',
      'BITBUCKET_URL',
      'BROKER_TOKEN',
      'CA_CERT',
      'HTTPS_PROXY',
      'LOG_LEVEL',
      'PORT',
    ]);
    expect(output.match(/for example: \S/g)).toHaveLength(named.length);
    for (const secret of secrets) expect(output).not.toContain(secret);
    expect(output).not.toContain('canary');
  });
});

describe('the command line', () => {
  it('exit code 1 and the name of the variable when the port is taken', async () => {
    const env = await enough();
    await occupy(Number(env.PORT));
    const { code, output } = await place.ended(env);
    expect(code).toBe(1);
    expect(output).toMatch(`PORT ${env.PORT} cannot be opened (EADDRINUSE)`);
    expect(output).toMatch(/Set PORT to /);
    expect(output).not.toMatch(/at .*\.js:\d+/);
  });

  it('--version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await place.ended({}, ['--version'])).toEqual({ code: 0, signal: null, output: version });
  });

  it.each([['--help'], ['help'], ['-h']])('%s names the commands', async (argument) => {
    const { code, output } = await place.ended({}, [argument]);
    expect(code).toBe(0);
    expect(output).toMatch(/^Usage: bitbucket-agent /);
    expect(output).toMatch(/^ +run +\S/m);
  });

  it.each([
    [['no-such-command']],
    [['run', '--no-such-option']],
    [[]],
  ])('%j: an error that shows the way', async (args) => {
    const { code, output } = await place.ended({}, args);
    expect(code).toBe(2);
    expect(output).toMatch(/error: |Usage: /);
  });
});

describe('where values come from', () => {
  it('.env in the working folder, behind the real environment', async () => {
    const env = await enough();
    const all = { ...env, PORT: '1', PROFILE_NAME: 'from the file' };
    writeFileSync(
      join(place.folder, '.env'),
      Object.entries(all)
        .map(([name, value]) => `${name}="${value}"\n`)
        .join(''),
    );
    const agent = await place.begin({ PORT: env.PORT ?? '' });
    const line = await agent.waitForLog(({ message }) => message === 'started', WAIT_MS);
    expect(line).toMatchObject({
      port: Number(env.PORT),
      profile: 'from the file',
      bitbucket: env.BITBUCKET_URL,
      brokerServer: env.BROKER_SERVER_URL,
    });
    expect((await ask(`http://127.0.0.1:${env.PORT}/livez`)).status).toBe(200);
  });

  it('secrets from NAME_FILE, all the way to both ends', async () => {
    const stage = await startStage({ withAgent: false });
    atTheEnd(() => stage.close());
    const file = (name: string, value: string) => {
      writeFileSync(join(place.folder, name), `${value}\n`);
      return join(place.folder, name);
    };
    const { BROKER_TOKEN: _token, BITBUCKET_PASSWORD: _password, ...rest } = stage.agentEnv;
    const agent = await place.begin({
      ...rest,
      BROKER_TOKEN_FILE: file('token', stage.token),
      BITBUCKET_PASSWORD_FILE: file('password', 'agent-password'),
    });
    await agent.ready();
    await stage.broker.waitForClient(stage.token, { timeoutMs: WAIT_MS });
    expect((await stage.call('/projects/PLAT')).status).toBe(200);
    expect(stage.bitbucket.requests.at(-1)?.headers.authorization).toBe(
      `Basic ${Buffer.from('agent:agent-password').toString('base64')}`,
    );
  });

  it('a NAME_FILE that is not there, and a secret given twice, are problems by name', async () => {
    const env = await enough();
    const { code, output } = await place.ended({
      ...env,
      BROKER_TOKEN_FILE: join(place.folder, 'x'),
      BITBUCKET_PAT: '',
      BITBUCKET_PAT_FILE: join(place.folder, 'missing'),
    });
    expect(code).toBe(2);
    expect(output).toMatch(/BROKER_TOKEN: is set, and BROKER_TOKEN_FILE too/);
    expect(output).toMatch(/BITBUCKET_PAT_FILE: the file .*missing cannot be read \(ENOENT\)/);
    expect(output).not.toContain(TOKEN);
  });

  it('variables of the official client without effect here are named in one warning', async () => {
    const agent = await place.begin({
      ...(await enough()),
      PREFLIGHT_CHECKS_ENABLED: 'true',
      LOG_ENABLE_BODY: 'true',
      ACCEPT_CODE: 'true',
      BROKER_TYPE: 'client',
    });
    await agent.waitForLog(({ message }) => message === 'tunnel down', WAIT_MS);
    const warnings = agent.log.filter(({ warning }) => String(warning).includes('without effect'));
    expect(warnings.map(({ level, warning }) => ({ level, warning }))).toEqual([
      {
        level: 'warn',
        warning: expect.stringContaining(
          'ACCEPT_CODE, BROKER_TYPE, LOG_ENABLE_BODY, PREFLIGHT_CHECKS_ENABLED',
        ),
      },
    ]);
  });
});

describe('the first look at Bitbucket', () => {
  const toldOf = async (status: number) => {
    const other = await startServer((_request, response) => response.writeHead(status).end('{}'));
    atTheEnd(() => other.close());
    const agent = await place.begin({ ...(await enough()), BITBUCKET_URL: other.origin });
    return agent.waitForLog(({ status: told }) => told === status, WAIT_MS);
  };

  it.each([
    [401, 'Bitbucket does not tell its version', /The login is refused/],
    [500, 'Bitbucket does not tell its version', /starting or in maintenance/],
    [404, 'what answers is not Bitbucket', /host, port and path in BITBUCKET_URL/],
  ])('tells what an answer of %i means', async (status, message, hint) => {
    expect(await toldOf(status)).toMatchObject({ message, hint: expect.stringMatching(hint) });
  });
});

describe('the memory that the agent may use', () => {
  it('is warned of where it is little', () => {
    const MIB = 1024 * 1024;
    expect(memoryWarning(64 * MIB)).toMatch(/limit is 64 MiB: .*exit code 137.*Give it 256 MiB/);
    expect([0, 256 * MIB, 2 ** 63].map(memoryWarning)).toEqual([null, null, null]);
  });
});

async function occupy(port: number): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  atTheEnd(() => new Promise((resolve) => server.close(resolve)));
  return server;
}
