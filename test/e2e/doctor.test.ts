import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VARIABLES } from '../../src/config/schema.ts';
import type { Variable } from '../../src/config/variable.ts';
import { type CommandStage, filesIn, startCommandStage } from './command.ts';
import { ask } from './public-port.ts';

/** For every secret variable one of its own, with what each spelling writes in another way, as far as it may have it. */
const canaryOf = (name: string): string =>
  name === 'BROKER_TOKEN' ? 'canary.BROKER_TOKEN+=@x' : `canary.${name}+=/%"x`;

const SECRETS = Object.entries<Variable>(VARIABLES).filter(([, { secret }]) => secret === true);

function settingOf(name: string): string {
  const canary = canaryOf(name);
  if (/_PROXY$/.test(name)) return `http://proxy-user:${encodeURIComponent(canary)}@127.0.0.1:9`;
  return /_POOL$/.test(name) ? `${canary},2${canary}` : canary;
}

const CANARIES: Readonly<Record<string, string>> = Object.fromEntries(
  SECRETS.map(([name]) => [name, settingOf(name)]),
);
/** Secrets in other places than declared variables. */
const FOREIGN = {
  LOGIN_OF_MINE: 'canary.of.a.rule+=/%"x',
  OTHER_API_KEY: 'canary.nobody.reads+=/%"x',
  SOME_URL: 'https://user:canary.url.login@other.example/',
};
const LITERAL = 'canary.in.the.list+=/%x';
const ALL = [
  ...SECRETS.flatMap(([name]) => [canaryOf(name), settingOf(name)]),
  ...Object.values(FOREIGN),
  LITERAL,
  'canary.url.login',
];

const spellings = (secret: string): string[] => {
  const base64 = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [secret, encodeURIComponent(secret), base64, JSON.stringify(secret).slice(1, -1)];
};

const rule = (path: string, auth: object) => ({ path, origin: 'https://${BITBUCKET_API}', auth });
const ACCEPT = {
  private: [
    ...['/application-properties', '/users', '/admin/users', '/projects'].map((path) =>
      rule(path, { scheme: 'bitbucket' }),
    ),
    rule('/repos', { scheme: 'bearer', token: '${LOGIN_OF_MINE}' }),
    rule('/projects/:key/repos', { scheme: 'bearer', token: LITERAL }),
  ],
};

let commands: CommandStage;
let canaries: Record<string, string | undefined>;
let accept: string;
beforeAll(async () => {
  commands = await startCommandStage({
    bitbucket: {
      credentials: [
        { username: 'agent', password: 'agent-password' },
        // The name that the answers are for is a secret too.
        { token: canaryOf('BITBUCKET_PAT_POOL'), username: canaryOf('BITBUCKET_USERNAME') },
      ],
    },
  });
  const folder = commands.stage.agentEnv.STATE_DIR ?? '';
  accept = join(folder, 'accept.json');
  writeFileSync(accept, JSON.stringify(ACCEPT));
  // The real server is asked for with the canary as token.
  canaries = { ...CANARIES, ...FOREIGN, ACCEPT: accept, HTTP_RELAY: 'true', NO_PROXY: '127.0.0.1' };
});
afterAll(() => commands?.close());

/** What is in an archive, by the system's tar. */
function unpacked(file: string): string {
  const folder = `${file}.d`;
  mkdirSync(folder);
  execFileSync('tar', ['xzf', file, '-C', folder]);
  const files = filesIn(folder);
  return Object.entries(files)
    .map(([name, content]) => `${name}\n${content}`)
    .join('\n');
}

function expectNoSecret(text: string): void {
  expect(ALL.flatMap(spellings).filter((needle) => text.includes(needle))).toEqual([]);
}

function lastRecord(stateDir: string): unknown {
  const [trail = ''] = Object.entries(filesIn(join(stateDir, 'audit')))
    .filter(([name]) => name.endsWith('.jsonl'))
    .map(([, content]) => content.toString('utf8'));
  return JSON.parse(trail.trim().split('\n').at(-1) ?? '');
}

describe('doctor', () => {
  it('beside a running agent finds everything in order, with exit code 0', async () => {
    const { stage } = commands;
    const agent = await stage.startAgent();
    const { ended } = commands.fresh();
    const { code, output } = await ended(['doctor', '--identify']);
    expect(output).toMatch(/^PASS {2}Bitbucket +9\.4\.0 at http:\/\/127/m);
    expect(output).toMatch(/^PASS {2}tunnel +open: primary since .*, secondary since/m);
    expect(output).toMatch(/^PASS {2}own tunnel +opened; the server shows [34] connection/m);
    expect(output).toMatch(/^PASS {2}credentials +BITBUCKET_PASSWORD is valid$/m);
    expect(output).toMatch(/^PASS {2}ports +PORT \d+ is held by the running agent$/m);
    expect(output).toMatch(/^\d+ PASS, 2 WARN, 0 FAIL, 0 SKIP$/m);
    expect(output).not.toContain('\u001b');
    expect(code).toBe(0);
    // The agent's own sockets have the calls again.
    await stage.broker.waitForClient(stage.token, { timeoutMs: 10_000, sockets: 2 });
    expect((await stage.call('/projects')).status).toBe(200);

    const check = await ask(`${stage.agentUrl}/systemcheck`);
    expect(check.status).toBe(200);
    expect(JSON.parse(check.text)).toMatchObject([{ ok: true, maskedCredentials: '***' }]);
    await agent.terminate();
  });

  it('says in JSON what fails, with exit code 1', async () => {
    const { code, output } = await commands
      .fresh()
      .ended(['doctor', '--json'], { BITBUCKET_PASSWORD: 'wrong-one' });
    const { findings, counts } = JSON.parse(output);
    expect(code).toBe(1);
    expect(counts.FAIL).toBe(1);
    expect(findings).toContainEqual({
      check: 'credentials',
      verdict: 'FAIL',
      what: expect.stringContaining('BITBUCKET_PASSWORD is not accepted'),
      todo: expect.stringContaining('Check that it is typed right'),
      data: { credential: 'BITBUCKET_PASSWORD', status: 401 },
    });
  });

  it.each([
    [['doctor']],
    [['doctor', '--json']],
  ])('tells all problems of a configuration as findings, with exit code 2: %j', async (args) => {
    const { code, output } = await commands.fresh().ended(args, { PORT: 'x', BITBUCKET_PASSWORD: undefined });
    expect(code).toBe(2);
    expect(output).toContain('PORT: is not a port number');
    expect(output).toContain('BITBUCKET_PASSWORD: is not set');
    expect(output).toContain('not looked at, as configuration is not in order');
  });

  it('ends with 2 for a command line that it does not understand', async () => {
    expect((await commands.fresh().ended(['doctor', '--nonsense'])).code).toBe(2);
  });

  it('makes no state folder, and no audit trail in one that has none', async () => {
    const { stateDir, ended } = commands.fresh();
    const absent = join(stateDir, 'absent');
    const { output } = await ended(['doctor'], { STATE_DIR: absent });
    expect(output).toMatch(/^PASS {2}state folder +.*absent is not there yet and will be made$/m);
    expect(existsSync(absent)).toBe(false);
    const bundle = `${stateDir}.tar.gz`;
    await ended(['doctor', '--bundle', bundle], { PSEUDONYMISE: 'users' });
    expect(existsSync(bundle)).toBe(true);
    expect(filesIn(stateDir)).toEqual({});
  });

  it('records its calls where there is a trail, and that no signal ended it', async () => {
    const { stateDir, ended } = commands.fresh();
    mkdirSync(join(stateDir, 'audit'));
    await ended(['doctor']);
    expect(lastRecord(stateDir)).toMatchObject({ event: 'stopped', signal: null });
  });

  it('is given up by SIGTERM, in order, and does not say that all is well', async () => {
    const { begin, stateDir } = commands.fresh();
    mkdirSync(join(stateDir, 'audit'));
    const fault = commands.stage.bitbucket.faults.add({ match: '/rest/api/1.0/users', kind: 'hang' });
    const doctor = await begin(['doctor']);
    await commands.stage.bitbucket.arrival(({ url }) => url.startsWith('/rest/api/1.0/users'));
    doctor.terminate('SIGTERM');
    expect(await doctor.exited).toEqual({ code: 1, signal: null });
    expect(lastRecord(stateDir)).toMatchObject({ event: 'stopped', signal: 'SIGTERM' });
    expect(doctor.output()).toMatch(/^SKIP {2}credentials +was given up$/m);
    fault.remove();
  });
});

describe('doctor --bundle', () => {
  it('leaves out every secret of every variable, in every spelling', async () => {
    const { stateDir, ended } = commands.fresh();
    const file = join(stateDir, 'support.tar.gz');
    mkdirSync(join(stateDir, 'audit', 'host'), { recursive: true });
    const record = {
      seq: 1,
      path: `/x/${canaryOf('BITBUCKET_PAT')}`,
      query: 'filter=jane',
      note: 'https://u:canary.url.login@h/',
      all: ALL,
    };
    const paths = ['/projects/~jdoe/repos/secret-plans', '/users/jane_doe', '/profile/jane@example.com'];
    const records = [record, ...paths.map((path) => ({ path }))].map((one) => `${JSON.stringify(one)}\n`);
    writeFileSync(join(stateDir, 'audit', 'host', '2026-11-23.jsonl'), records.join(''));
    // A Bitbucket that repeats what it was sent.
    const body = JSON.stringify({ version: `9.4 ${canaryOf('BITBUCKET_PAT_POOL')}` });
    commands.stage.bitbucket.faults.add({
      match: '/rest/api/1.0/application-properties',
      kind: 'status',
      status: 200,
      body,
    });
    const { code, output } = await ended(['doctor', '--bundle', file], canaries);
    expect(code).toBe(1);
    expect(output).toMatch(/^PASS {2}credentials +BITBUCKET_PAT_POOL\[1\] is valid/m);
    expect(output).toMatch(/^FAIL {2}credentials +BITBUCKET_PAT_POOL\[2\] is not accepted/m);
    expect(output).toMatch(/^FAIL {2}credentials +LOGIN_OF_MINE is not accepted/m);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = unpacked(file);
    for (const name of ['findings', 'environment', 'host', 'rules', 'runs'])
      expect(text).toContain(`${name}.json\n`);
    expect(text).toContain('audit.jsonl\n{"seq":1,"path":"/x/[secret]"');
    expect(text).toContain('{"path":"/projects/{project}/repos/{repository}"}');
    expect(text).not.toMatch(/jdoe|secret-plans|jane/);
    expect(text).toContain('"name": "BITBUCKET_PAT_POOL"');
    expect(text).toContain('LOGIN_OF_MINE');
    expectNoSecret(text);
    expectNoSecret(output.replaceAll(canaryOf('BITBUCKET_USERNAME'), ''));

    const before = readFileSync(file);
    const again = await ended(['doctor', '--bundle', file], canaries);
    expect([again.code, again.output]).toEqual([2, expect.stringContaining('is not overwritten')]);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('leaves out those that stand in files, and in .env', async () => {
    const { stateDir, ended } = commands.fresh();
    const file = join(stateDir, 'support.tar.gz');
    const inFiles = Object.entries({ ...CANARIES, LOGIN_OF_MINE: FOREIGN.LOGIN_OF_MINE }).flatMap(
      ([name, value]) => {
        const path = join(stateDir, name);
        writeFileSync(path, `${value}\n`);
        return [
          [name, undefined],
          [`${name}_FILE`, path],
        ] as const;
      },
    );
    const { output } = await ended(['doctor', '--bundle', file], {
      ...canaries,
      ...Object.fromEntries(inFiles),
    });
    expect(output).toMatch(/^PASS {2}credentials +BITBUCKET_PAT_POOL\[1\] is valid/m);
    const text = unpacked(file);
    expect(text).toMatch(/"name": "BITBUCKET_PAT",\s+"value": null,\s+"state": "from a file"/);
    expectNoSecret(text);
  });

  it('leaves out those of a configuration that cannot be used', async () => {
    const { stateDir, ended } = commands.fresh();
    const file = join(stateDir, 'support.tar.gz');
    const BITBUCKET_URL = 'https://user:canary.url.login@bitbucket.example';
    const { code, output } = await ended(['doctor', '--bundle', file], {
      ...canaries,
      PORT: canaryOf('BITBUCKET_PAT'),
      BITBUCKET_URL,
    });
    expect(code).toBe(2);
    const text = unpacked(file);
    expect(text).toContain('findings.json\n');
    expectNoSecret(text + output);
  });
});
