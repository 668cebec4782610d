import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { Config } from '../../src/config/config.ts';
import { explanation } from '../../src/config/files.ts';
import { type Env, file, folder, load, problems, where } from './stage.ts';

const NO_PAT: Env = { BITBUCKET_PAT: undefined };

/** Each credential in the open, as `name: login`. */
function logins(config: Config): string[] {
  return config.bitbucket.credentials.map((login) =>
    login.kind === 'bearer'
      ? `${login.name}: ${login.token.reveal()}`
      : `${login.name}: ${login.username.reveal()}/${login.password.reveal()}`,
  );
}

function revealed(config: Config, name: string): string[] {
  return config.credentials(name).map((secret) => secret.reveal());
}

describe('credentials', () => {
  it.each<[Env, string[]]>([
    [{}, ['BITBUCKET_PAT: first-token']],
    [{ ...NO_PAT, BITBUCKET_USERNAME: 'u', BITBUCKET_PASSWORD: 'p:, ä' }, ['BITBUCKET_PASSWORD: u/p:, ä']],
    [{ ...NO_PAT, BITBUCKET_PAT_POOL: 'a, b' }, ['BITBUCKET_PAT_POOL[1]: a', 'BITBUCKET_PAT_POOL[2]: b']],
    [
      { ...NO_PAT, BITBUCKET_USERNAME: 'u', BITBUCKET_PASSWORD_POOL: 'p,q' },
      ['BITBUCKET_PASSWORD_POOL[1]: u/p', 'BITBUCKET_PASSWORD_POOL[2]: u/q'],
    ],
    [
      { ...NO_PAT, BITBUCKET_USERNAME_POOL: 'u,v', BITBUCKET_PASSWORD_POOL: 'p,q' },
      ['BITBUCKET_PASSWORD_POOL[1]: u/p', 'BITBUCKET_PASSWORD_POOL[2]: v/q'],
    ],
  ])('%j', (env, expected) => {
    const config = load(env);
    expect(logins(config)).toEqual(expected);
    expect(config.warnings).toEqual([]);
  });

  it('are the token when both kinds are there, with a warning', () => {
    const config = load({ BITBUCKET_USERNAME: 'u', BITBUCKET_PASSWORD_POOL: 'p,q' });
    expect(logins(config)).toEqual(['BITBUCKET_PAT: first-token']);
    expect(config.warnings).toEqual([
      expect.stringContaining('not used: BITBUCKET_USERNAME, BITBUCKET_PASSWORD_POOL.'),
    ]);
  });

  it('are the pool when pool and single value are there, with a warning', () => {
    const config = load({ BITBUCKET_PAT_POOL: 'a,b' });
    expect(revealed(config, 'BITBUCKET_PAT')).toEqual(['a', 'b']);
    expect(config.warnings).toEqual([expect.stringContaining('BITBUCKET_PAT_POOL')]);
  });

  it.each<[Env, string]>([
    [NO_PAT, 'BITBUCKET_PAT'],
    [{ ...NO_PAT, BITBUCKET_USERNAME: 'u' }, 'BITBUCKET_PASSWORD'],
    [{ ...NO_PAT, BITBUCKET_PASSWORD: 'p' }, 'BITBUCKET_USERNAME'],
    [{ ...NO_PAT, BITBUCKET_USERNAME: 'u:v', BITBUCKET_PASSWORD: 'p' }, 'BITBUCKET_USERNAME'],
    [{ ...NO_PAT, BITBUCKET_USERNAME: 'u', BITBUCKET_PASSWORD: 'p\n' }, 'BITBUCKET_PASSWORD'],
    [
      { ...NO_PAT, BITBUCKET_USERNAME_POOL: 'u,v', BITBUCKET_PASSWORD_POOL: 'p,q,r' },
      'BITBUCKET_PASSWORD_POOL',
    ],
    [{ ...NO_PAT, BITBUCKET_USERNAME_POOL: 'u,v', BITBUCKET_PASSWORD: 'p' }, 'BITBUCKET_PASSWORD_POOL'],
    [{ BITBUCKET_PAT_POOL: 'a,,b' }, 'BITBUCKET_PAT_POOL'],
    [{ BITBUCKET_PAT_POOL: 'a,b c' }, 'BITBUCKET_PAT_POOL'],
    [{ BITBUCKET_PAT: 'to\nken' }, 'BITBUCKET_PAT'],
    [{ BITBUCKET_PAT: 'tökén' }, 'BITBUCKET_PAT'],
  ])('%j is a problem of %s', (env, name) => {
    expect(where(env)).toEqual([name]);
  });
});

describe('secrets in files', () => {
  it('lose one line break at the end, nothing else', () => {
    const secret = file('password', ' p \n\r\n');
    expect(where({ ...NO_PAT, BITBUCKET_USERNAME: 'u', BITBUCKET_PASSWORD_FILE: secret })).toEqual([
      'BITBUCKET_PASSWORD',
    ]);
    file('password', ' p \r\n');
    const config = load({ ...NO_PAT, BITBUCKET_USERNAME: 'u', BITBUCKET_PASSWORD_FILE: secret });
    expect(logins(config)).toEqual(['BITBUCKET_PASSWORD: u/ p ']);
  });

  it('work for every secret, with paths from the working folder', () => {
    file('token', 'aaaaaaaa-2222-4333-8444-555555555555\n');
    file('pool', 'a,b\n');
    file('proxy', 'http://u:p@proxy:1\n');
    const config = load({
      ...NO_PAT,
      BROKER_TOKEN: undefined,
      BROKER_TOKEN_FILE: 'token',
      BITBUCKET_PAT_POOL_FILE: 'pool',
      HTTPS_PROXY_FILE: 'proxy',
    });
    expect(config.broker.token.reveal()).toMatch(/^aaaaaaaa/);
    expect(revealed(config, 'BITBUCKET_PAT')).toEqual(['a', 'b']);
    expect(config.network.httpsProxy?.reveal()).toBe('http://u:p@proxy:1');
  });

  it('are a problem when the variable is set too', () => {
    expect(problems({ BITBUCKET_PAT_FILE: 'token' })).toMatchObject([
      { where: 'BITBUCKET_PAT', reason: expect.stringContaining('BITBUCKET_PAT_FILE') },
    ]);
  });

  it('are a problem when the file is missing, with its path, and nothing else is', () => {
    expect(problems({ BROKER_TOKEN: undefined, BROKER_TOKEN_FILE: 'gone' })).toMatchObject([
      { where: 'BROKER_TOKEN_FILE', reason: expect.stringContaining(`${folder}/gone`) },
    ]);
    expect(where({ ...NO_PAT, BITBUCKET_PAT_FILE: file('empty', '\n') })).toEqual(['BITBUCKET_PAT_FILE']);
  });

  it('say what stands in the place of a file that cannot be read', () => {
    const reason = (path: string) => problems({ ...NO_PAT, BITBUCKET_PAT_FILE: path })[0]?.reason;
    expect(reason('gone')).toMatch(/cannot be read \(ENOENT\): it is not there$/);
    expect(reason('.')).toMatch(/cannot be read \(EISDIR\): it is a folder, as container engines make one/);
    const kept = file('kept', 'x');
    chmodSync(kept, 0o400);
    const { uid, gid } = statSync(kept);
    expect(explanation(kept, 'EACCES')).toBe(
      `: it belongs to ${uid}:${gid} with mode 0400, this process is user ${process.getuid?.()}:${process.getgid?.()}`,
    );
    expect(explanation(join(kept, 'below'), 'EACCES')).toMatch(/^: a folder above it is closed to this user/);
  });

  it('are text in UTF-8, whose byte order mark is no part of the secret', () => {
    const marked = file('marked', '\uFEFFa-token\r\n');
    const config = load({ ...NO_PAT, BITBUCKET_PAT_FILE: marked });
    expect(revealed(config, 'BITBUCKET_PAT')).toEqual(['a-token']);
    expect(config.warnings).toEqual([]);
    const basic = { ...NO_PAT, BITBUCKET_USERNAME: 'u' };
    for (const [name, encoding] of [
      ['utf-16', 'utf16le'],
      ['latin-1', 'latin1'],
    ] as const) {
      const path = file(name, Buffer.from('\uFEFFpässword', encoding));
      expect(problems({ ...basic, BITBUCKET_PASSWORD_FILE: path })).toMatchObject([
        { where: 'BITBUCKET_PASSWORD_FILE', reason: `the file ${path} is not text in UTF-8` },
      ]);
    }
  });

  it('with quotes or spaces around a secret are taken as they are, and warned of', () => {
    const basic = { ...NO_PAT, BITBUCKET_USERNAME: 'u' };
    for (const [text, what] of [
      ['"c4n4ry"', 'quotes'],
      [' c4n4ry ', 'spaces'],
    ] as const) {
      const config = load({ ...basic, BITBUCKET_PASSWORD_FILE: file('around', `${text}\n`) });
      expect(config.warnings).toEqual([
        `BITBUCKET_PASSWORD has ${what} around it, which are taken as part of it.`,
      ]);
      expect(revealed(config, 'BITBUCKET_PASSWORD')).toEqual([text]);
    }
    expect(load({ ...NO_PAT, BITBUCKET_PAT_POOL: ' one , two ' }).warnings).toEqual([]);
    expect(problems({ BITBUCKET_URL: '"https://git.example.com"', LOG_LEVEL: "'info'" })).toMatchObject([
      { reason: expect.stringMatching(/^begins with a quote/) },
      { reason: expect.stringMatching(/^is not one of error.*; it has quotes around it$/) },
    ]);
  });
});

describe('names in an accept list', () => {
  const env: Env = {
    MY_HOST: 'internal.example',
    MY_USER: 'me',
    MY_TOKEN: 'my-own-token',
    MY_PASSWORD_POOL: 'x1, x2',
    MY_FILED_PASSWORD_FILE: 'filed',
    HTTPS_PROXY: 'http://u:p%40ss@proxy:1',
  };

  it('mean a value in an origin, but never a secret', () => {
    const config = load(env);
    expect(config.variable('MY_HOST')).toBe('internal.example');
    for (const name of [
      'MY_TOKEN',
      'BROKER_TOKEN',
      'BITBUCKET_PAT',
      'BITBUCKET_USERNAME',
      'HTTPS_PROXY',
      'https_proxy',
    ]) {
      expect([name, config.variable(name)]).toEqual([name, undefined]);
    }
    expect(config.variable('NOT_SET')).toBeUndefined();
    expect(config.variable('constructor')).toBeUndefined();
  });

  it('mean values in an auth, one or a pool, from a file too', () => {
    file('filed', 'from-a-file\n');
    const config = load(env);
    expect(revealed(config, 'BITBUCKET_PAT')).toEqual(['first-token']);
    expect(revealed(config, 'MY_USER')).toEqual(['me']);
    expect(revealed(config, 'MY_PASSWORD')).toEqual(['x1', 'x2']);
    expect(revealed(config, 'MY_FILED_PASSWORD')).toEqual(['from-a-file']);
    expect(revealed(config, 'NOT_SET')).toEqual([]);
    expect(revealed(config, 'BITBUCKET_USERNAME')).toEqual([]);
  });

  it("never mean the broker's token or a proxy's password", () => {
    const config = load(env);
    for (const name of ['BROKER_TOKEN', 'HTTPS_PROXY', 'https_proxy'])
      expect(revealed(config, name)).toEqual([]);
  });

  it('are a problem when their file cannot be read or a pool has a gap', () => {
    expect(() => load({ X_PASSWORD_FILE: 'gone' }).credentials('X_PASSWORD')).toThrow(
      /X_PASSWORD_FILE: the file .*gone/,
    );
    expect(() => load({ X_POOL: 'a,' }).credentials('X')).toThrow(/X_POOL: has an empty entry/);
    expect(() => load({ X_FILE: 'token', X: 'x' }).credentials('X')).toThrow(/X: is set, and X_FILE too/);
  });
});

describe('secrecy', () => {
  const env: Env = {
    BROKER_TOKEN: 'c4n4ry-token',
    BITBUCKET_PAT_POOL: 'c4n4ry-1,c4n4ry-2',
    BITBUCKET_USERNAME: 'c4n4ry-user',
    BITBUCKET_PASSWORD: 'c4n4ry-password',
    HTTP_PROXY: 'http://u:c4n4ry%40proxy@proxy:1',
    CUSTOM_SECRET: 'c4n4ry-custom',
  };

  it('holds however a configuration is printed', () => {
    const config = load(env);
    const printed = [
      inspect(config, { depth: 12, showHidden: true }),
      JSON.stringify(config),
      `${config.broker.token}`,
      String(config.credentials('BITBUCKET_PAT')),
      config.warnings.join(),
    ];
    for (const text of printed) expect(text).not.toContain('c4n4ry');
  });

  it("gives the log every secret once, a proxy's password decoded, user names not", () => {
    const config = load(env);
    config.credentials('PLAIN_NAME');
    expect(
      config
        .secrets()
        .map((secret) => secret.reveal())
        .sort(),
    ).toEqual(
      [
        'c4n4ry-token',
        'c4n4ry-1',
        'c4n4ry-2',
        'c4n4ry-password',
        'http://u:c4n4ry%40proxy@proxy:1',
        'c4n4ry@proxy',
        'c4n4ry-custom',
      ].sort(),
    );
  });
});
