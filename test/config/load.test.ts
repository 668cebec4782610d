import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/errors.ts';
import { BASE, file, folder, load, problems, TOKEN, where } from './stage.ts';

describe('defaults', () => {
  it('are complete', () => {
    const config = load({});
    expect(JSON.parse(JSON.stringify(config))).toEqual({
      profileName: null,
      serviceType: 'on-premises',
      broker: {
        token: '[secret]',
        serverUrl: 'https://broker.snyk.io',
        apiBaseUrl: 'https://api.snyk.io',
        clientUrl: null,
        haMode: false,
        location: 'snyk-broker-client',
      },
      bitbucket: {
        baseUrl: 'https://git.example.com/bitbucket',
        scheme: 'https',
        host: 'git.example.com/bitbucket',
        api: 'git.example.com/bitbucket/rest/api/1.0',
        credentials: [{ kind: 'bearer', name: 'BITBUCKET_PAT', token: '[secret]' }],
        timeouts: { connectMs: 10_000, firstByteMs: 60_000, idleMs: 60_000 },
      },
      accept: { path: join(folder, 'accept.json'), text: '{"public":[],"private":[]}', shipped: false },
      allowWrites: false,
      allowVariableSubstitution: false,
      inventory: {
        enabled: false,
        everyMs: { repositories: 21_600_000, enrichment: 86_400_000, users: 604_800_000 },
        concurrency: 8,
        includeProjects: [],
        excludeProjects: [],
        omitFields: [],
        pseudonymise: false,
        delivery: { by: 'tunnel', path: '/essentials/v1/batches', timeoutMs: 120_000, url: '', token: null },
      },
      inventoryPlace: { kind: 'here', listen: null },
      listen: { port: 8000, healthcheckPath: '/healthcheck', systemcheckPath: '/systemcheck', tls: null },
      webhookSecret: null,
      admin: { host: '127.0.0.1', port: 8001, token: null, allowedHosts: [] },
      relay: null,
      audit: {
        folder: join(folder, 'state', 'audit'),
        stdout: false,
        query: false,
        onError: 'warn',
        retentionDays: 90,
        maxBytes: 1024 * 1024 * 1024,
      },
      rulesHash: null,
      stateDir: join(folder, 'state'),
      logLevel: 'info',
      network: { httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] },
      warnings: [],
    });
    expect(config.broker.token.reveal()).toBe(TOKEN);
  });

  it('stand in for empty variables', () => {
    expect(load({ PORT: '', BROKER_HA_MODE_ENABLED: '', HTTPS_CERT: '' }).listen).toMatchObject({
      port: 8000,
      tls: null,
    });
  });

  it('take the accept list that comes with the agent', () => {
    const config = load({ ACCEPT: undefined });
    expect(config.accept.shipped).toBe(true);
    expect(config.accept.path).toBe(join(import.meta.dirname, '../../config/accept/bitbucket-server.json'));
    expect(config.accept.text).toContain('"private"');
  });
});

describe('values', () => {
  it.each([
    ['true', true],
    ['1', true],
    ['YES', true],
    ['On', true],
    ['false', false],
    ['0', false],
    ['No', false],
    ['OFF', false],
  ])('the switch %s is %s', (text, expected) => {
    expect(load({ ALLOW_WRITES: text, BROKER_HA_MODE_ENABLED: ` ${text} ` })).toMatchObject({
      allowWrites: expected,
      broker: { haMode: expected },
    });
  });

  it.each([
    ['https://broker.eu.snyk.io/', undefined, undefined, 'https://api.eu.snyk.io'],
    ['https://broker2.snyk.io', undefined, undefined, 'https://api.snyk.io'],
    ['http://127.0.0.1:9000/base/', undefined, undefined, 'http://127.0.0.1:9000/base'],
    ['https://broker.snyk.io', 'https://d.example', undefined, 'https://d.example'],
    ['https://broker.snyk.io', 'https://d.example', 'https://a.example/', 'https://a.example'],
  ])('server %s, dispatcher %s, API %s: the API is %s', (server, dispatcher, api, expected) => {
    const env = { BROKER_SERVER_URL: server, BROKER_DISPATCHER_BASE_URL: dispatcher, API_BASE_URL: api };
    expect(load(env).broker).toMatchObject({ serverUrl: server.replace(/\/$/, ''), apiBaseUrl: expected });
  });

  it.each([
    ['error', 'error'],
    ['DEBUG', 'debug'],
    ['trace', 'debug'],
    ['fatal', 'error'],
  ])('the log level %s is %s', (text, expected) => {
    expect(load({ LOG_LEVEL: text }).logLevel).toBe(expected);
  });

  it('one port may be 0 twice, but not another number twice', () => {
    expect(load({ PORT: '0', ADMIN_PORT: '0' }).admin.port).toBe(0);
    expect(where({ PORT: '8001' })).toEqual(['ADMIN_PORT']);
  });

  it('the On-premises of the user interface is understood', () => {
    expect(load({ SERVICE_TYPE: 'On-premises' }).serviceType).toBe('on-premises');
    expect(problems({ SERVICE_TYPE: 'cloud' })).toMatchObject([
      { where: 'SERVICE_TYPE', reason: expect.stringContaining('yet') },
    ]);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80a'],
    ['ADMIN_PORT', '1e3'],
    ['ADMIN_HOST', 'http://x'],
    ['ALLOW_WRITES', 'maybe'],
    ['LOG_LEVEL', 'loud'],
    ['BITBUCKET_IDLE_TIMEOUT_MS', '0'],
    ['BITBUCKET_IDLE_TIMEOUT_MS', '1.5'],
    ['BITBUCKET_CONNECT_TIMEOUT_MS', '9999999999'],
    ['BROKER_SERVER_URL', 'broker.snyk.io'],
    ['BROKER_SERVER_URL', 'ftp://broker.snyk.io'],
    ['BROKER_CLIENT_URL', 'https://me:pw@x.example'],
    ['BROKER_HEALTHCHECK_PATH', 'healthcheck'],
    ['BROKER_HEALTHCHECK_PATH', '/a?b'],
    ['BROKER_TOKEN', 'with space'],
    ['BROKER_TOKEN', `${TOKEN}\n`],
    ['BROKER_TOKEN', 'a/b'],
    ['BROKER_TOKEN', '..'],
    ['BROKER_TOKEN', ''],
    ['PROFILE_NAME', 'two\nlines'],
  ])('%s=%j is a problem', (name, value) => {
    expect(where({ [name]: value })).toEqual([name]);
  });
});

describe('problems', () => {
  it('are told all at once, in the order of the documentation, each with reason and example', () => {
    const env = {
      PORT: 'x',
      LOG_LEVEL: 'x',
      BITBUCKET_URL: 'x',
      BITBUCKET_PAT: undefined,
      BROKER_TOKEN: undefined,
    };
    const told = problems(env);
    expect(told.map((problem) => problem.where)).toEqual([
      'BROKER_TOKEN',
      'BITBUCKET_URL',
      'BITBUCKET_PAT',
      'PORT',
      'LOG_LEVEL',
    ]);
    for (const { reason, example } of told)
      expect(Math.min(reason.length, example.length)).toBeGreaterThan(2);
  });

  it('can be completed by someone who knows more, from what could be read', () => {
    const env = { ...BASE, BITBUCKET_URL: undefined, MY_URL: 'https://x' };
    const more = { where: 'accept.json', reason: 'is odd', example: 'something even' };
    const seen: unknown[] = [];
    const start = () =>
      loadConfig({
        env,
        cwd: folder,
        alsoWrong: (draft, told) => {
          seen.push(
            draft.accept.text,
            draft.variable('MY_URL'),
            draft.variable('BITBUCKET_API'),
            told.length,
          );
          return [more];
        },
      });
    expect(start).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining({ where: 'BITBUCKET_URL' }), more] }),
    );
    expect(seen).toEqual(['{"public":[],"private":[]}', 'https://x', 'bitbucket.invalid/rest/api/1.0', 1]);
  });

  it('never hold a value', () => {
    const canary = 'c4n4ry';
    const env = {
      BROKER_TOKEN: `${canary} x`,
      BITBUCKET_PAT: `${canary} x`,
      BITBUCKET_USERNAME: `${canary}:x`,
      BITBUCKET_URL: `https://u:${canary}@x`,
      HTTPS_PROXY: `http://u:${canary}%@x`,
      HTTP_PROXY: `socks://u:${canary}@x`,
      BROKER_SERVER_URL: `https://u:${canary}@x`,
      PORT: canary,
    };
    expect(where(env)).toHaveLength(8);
    const error = new ConfigError(problems(env));
    expect(inspect(error, { depth: 9 })).not.toContain(canary);
  });
});

describe('the accept list', () => {
  it('is not downloaded', () => {
    expect(problems({ ACCEPT: 'https://x.example/accept.json' })).toMatchObject([
      { where: 'ACCEPT', reason: expect.stringContaining('URL') },
    ]);
  });

  it('must be readable, and the problem names the path', () => {
    const path = join(folder, 'none.json');
    expect(problems({ ACCEPT: path })).toMatchObject([
      { where: 'ACCEPT', reason: expect.stringContaining(path) },
    ]);
    expect(where({ ACCEPT: folder })).toEqual(['ACCEPT']);
  });
});

describe('.env', () => {
  afterEach(() => writeFileSync(join(folder, '.env'), ''));

  it('fills in what the environment does not have, and changes nothing outside', () => {
    writeFileSync(
      join(folder, '.env'),
      'PORT=9001\nADMIN_PORT=9002\nPROFILE_NAME="Bitbucket Süd"\nLOG_LEVEL=debug\n',
    );
    const before = { ...process.env };
    const config = load({ ADMIN_PORT: '9003', LOG_LEVEL: '' });
    expect(config).toMatchObject({
      listen: { port: 9001 },
      admin: { port: 9003 },
      profileName: 'Bitbucket Süd',
      logLevel: 'info',
    });
    expect({ ...process.env }).toEqual(before);
  });

  it('takes the official example lines', () => {
    writeFileSync(join(folder, '.env'), 'BITBUCKET=git.example\nBITBUCKET_API=$BITBUCKET/rest/api/1.0\n');
    expect(load({ BITBUCKET_URL: undefined }).bitbucket.api).toBe('git.example/rest/api/1.0');
  });

  it('that cannot be read is a problem', () => {
    const cwd = file('not-a-folder', '');
    expect(() => loadConfig({ env: { ...BASE, ACCEPT: join(folder, 'accept.json') }, cwd })).toThrow(
      /\.env: the file .* cannot be read/,
    );
  });
});

it('a configuration is frozen to the ground', () => {
  const thawed: string[] = [];
  const visit = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (!Object.isFrozen(value)) thawed.push(at);
    for (const [key, part] of Object.entries(value)) visit(part, `${at}.${key}`);
  };
  visit(load({ NO_PROXY: 'a,b' }), 'config');
  expect(thawed).toEqual([]);
});
