import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from '@jest/globals';
import { reportEnvironment } from '../../src/config/environment-report.ts';
import { loadConfig } from '../../src/config/load.ts';
import { VARIABLES } from '../../src/config/schema.ts';
import { Secret } from '../../src/config/secret.ts';
import { auditTail } from '../../src/doctor/bundle/audit-tail.ts';
import { writeBundle } from '../../src/doctor/bundle/bundle.ts';
import { createScrub } from '../../src/doctor/bundle/scrub.ts';
import { tar } from '../../src/doctor/bundle/tar.ts';
import { startServer } from '../kit/http-server.ts';
import { atTheEnd, endAll, environment, file, folder } from './stage.ts';

afterEach(endAll);

const system = (...args: string[]) =>
  execFileSync('tar', args, { encoding: 'utf8', env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' } });

describe('an archive', () => {
  it.each([0, 1, 511, 512, 513, 100_000])("is read by the system's tar, with a file of %d bytes", (size) => {
    const at = folder();
    const content = Buffer.alloc(size, 'x');
    const entries = [
      { name: 'folder/first.json', content },
      { name: 'n'.repeat(100), content: Buffer.from('last') },
    ];
    writeFileSync(join(at, 'a.tar'), tar(entries, Date.UTC(2026, 10, 23, 12)));
    expect(system('tvf', join(at, 'a.tar')).split('\n')[0]).toMatch(
      new RegExp(`^-rw------- root/root +${size} 2026-11-23 12:00 folder/first\\.json$`),
    );
    system('xf', join(at, 'a.tar'), '-C', at);
    expect(readFileSync(join(at, 'folder/first.json')).equals(content)).toBe(true);
    expect(readFileSync(join(at, 'n'.repeat(100)), 'utf8')).toBe('last');
  });

  it.each(['n'.repeat(101), 'ü', 'a b', ''])('refuses the name %j', (name) => {
    expect(() => tar([{ name, content: Buffer.alloc(0) }], 0)).toThrow(RangeError);
  });
});

describe('the scrub', () => {
  const secret = 'p@ss "word"/1';
  const scrub = createScrub([
    new Secret(secret),
    new Secret('abcd'),
    new Secret('abcd-and-more'),
    new Secret('abc'),
  ]);

  it('finds a secret in every spelling', () => {
    const base64 = Buffer.from(secret).toString('base64');
    const forms = [
      secret,
      encodeURIComponent(secret),
      base64,
      base64.replace(/=+$/, ''),
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(secret).toLowerCase(),
    ];
    for (const form of forms) expect(scrub.text(`<${form}>`)).toMatch(/^<\[secret\]=*>$/);
  });

  it('takes the longer of two first, and leaves what is too short to be one', () => {
    expect(scrub.text('abcd-and-more abcd abc')).toBe('[secret] [secret] abc');
  });

  it('takes any login out of a URL', () => {
    expect(scrub.text('see https://user:pw@host/x@y and ssh://git@host')).toBe(
      'see https://[secret]@host/x@y and ssh://[secret]@host',
    );
  });

  it('takes secrets out of names of fields too, and leaves a value its shape', () => {
    const value = { list: [secret, 1, null, true], [`of ${secret}`]: { deep: `a${secret}b` } };
    expect(scrub.value(value)).toEqual({
      list: ['[secret]', 1, null, true],
      'of [secret]': { deep: 'a[secret]b' },
    });
  });

  it('lets nothing leave that it has missed', () => {
    expect(() => scrub.assertClean(`x${secret}`)).toThrow('A secret was about to leave');
    expect(() => scrub.assertClean('x')).not.toThrow();
  });
});

describe('the report of the environment', () => {
  it('knows every secret, in the environment, in .env and in files, pool by pool', () => {
    const cwd = folder();
    writeFileSync(join(cwd, '.env'), 'RELAY_TOKEN=from-dotenv-canary\nMY_API_KEY=foreign-canary\n');
    const { secrets } = reportEnvironment({
      cwd,
      env: {
        BITBUCKET_PAT_FILE: file('pat', 'from-file-canary\n'),
        BITBUCKET_PASSWORD_POOL: 'pool-one-canary, pool-two-canary',
        https_proxy: 'http://user:p%40ss-canary@proxy.example:1',
        BITBUCKET_URL: 'https://user:url-canary@host',
        BITBUCKET_USERNAME: 'agent',
      },
    });
    const texts = secrets.map((secret) => secret.reveal());
    for (const canary of [
      'from-dotenv',
      'foreign',
      'from-file',
      'pool-one',
      'pool-two',
      'p@ss',
      'p%40ss',
      'url',
    ]) {
      expect(texts).toContain(`${canary}-canary`);
    }
    expect(texts).not.toContain('agent');
  });

  it('shows what is no secret, valid or not, and no login', () => {
    const { variables, others } = reportEnvironment({
      cwd: folder(),
      env: {
        ...{
          PORT: 'x',
          ADMIN_PORT: '8001',
          BROKER_TOKEN: 'the-token',
          MY_OWN: 'value',
          BITBUCKET_PAT_FILE: '/x',
        },
        ...{ HTTP_PROXY: 'http://user:pw@proxy.example:3128', BITBUCKET_URL: 'https://user:pw@host' },
      },
    });
    const shown = (name: string) => variables.find((variable) => variable.name === name);
    expect(variables.map(({ name }) => name)).toEqual(Object.keys(VARIABLES));
    expect(shown('PORT')).toMatchObject({ value: null, state: 'set, not valid' });
    expect(shown('ADMIN_PORT')).toMatchObject({ value: '8001', state: 'set' });
    expect(shown('BROKER_TOKEN')).toMatchObject({ value: null, state: 'set' });
    expect(shown('BITBUCKET_PAT')).toMatchObject({ value: null, state: 'from a file' });
    expect(shown('HTTP_PROXY')).toMatchObject({ value: 'http://proxy.example:3128', state: 'set' });
    expect(JSON.stringify(shown('BITBUCKET_URL'))).not.toContain('pw');
    expect(shown('PROFILE_NAME')).toMatchObject({ value: null, state: 'not set' });
    expect(others).toEqual(['MY_OWN']);
  });
});

describe('the tail of the audit trail', () => {
  it('is the last 200 records of the files written last, without what was cut', () => {
    const at = folder();
    const write = (name: string, from: number, count: number, written: number, rest = '') => {
      mkdirSync(join(at, 'host'), { recursive: true });
      const lines = Array.from({ length: count }, (_, index) => JSON.stringify({ seq: from + index }));
      writeFileSync(join(at, 'host', name), `${lines.join('\n')}\n${rest}`);
      utimesSync(join(at, 'host', name), written, written);
    };
    write('2026-01-02.jsonl', 1_000, 150, 2_000, '{"seq":');
    write('2026-01-01.jsonl', 0, 150, 1_000);
    write('other.txt', 9_000, 5, 3_000);
    const seqs = auditTail(at).map((record) => (record as { seq: number }).seq);
    expect(seqs).toHaveLength(200);
    expect([seqs[0], seqs[49], seqs[50], seqs[199]]).toEqual([100, 149, 1_000, 1_149]);
  });

  it('is empty where there is none', () => {
    expect(auditTail(join(folder(), 'none'))).toEqual([]);
  });
});

describe('a support archive', () => {
  const nothing = { findings: [], config: null, gate: null, inventory: null };

  it('is its owner’s only, and overwrites nothing', async () => {
    const path = join(folder(), 'a.tar.gz');
    await writeBundle(path, nothing);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const before = readFileSync(path);
    expect(gunzipSync(before).toString('latin1')).toContain('bitbucket-agent-support/findings.json');
    await expect(writeBundle(path, nothing)).rejects.toMatchObject({
      code: 'BUNDLE_FAILED',
      message: expect.stringContaining('EEXIST'),
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each([
    ['the agent', '{"ok":true,"tunnel":"open","draining":false}', 'Bearer a-long-admin-token'],
    ['another program', 'hello', undefined],
  ])("has the metrics, and sends the token for them, only where %s holds the operators' port", async (who, readiness, sent) => {
    const heard: unknown[] = [];
    const admin = await startServer(({ url, headers }, response) => {
      if (url === '/metrics') heard.push(headers.authorization);
      response.end(url === '/metrics' ? 'calls_total{token="a-long-admin-token"} 7\n' : readiness);
    });
    atTheEnd(() => admin.close());
    const env = await environment({ ADMIN_PORT: String(admin.port), ADMIN_TOKEN: 'a-long-admin-token' });
    const config = loadConfig({ env, cwd: folder() });
    const path = join(folder(), 'a.tar.gz');
    await writeBundle(path, { ...nothing, config });
    const text = gunzipSync(readFileSync(path)).toString('latin1');
    expect(heard).toEqual(sent === undefined ? [] : [sent]);
    expect(text.includes('calls_total{token="[secret]"} 7')).toBe(who === 'the agent');
    expect(text).not.toContain('a-long-admin-token');
  });

  it('tells where it cannot be written', async () => {
    await expect(writeBundle(join(folder(), 'no', 'a.tar.gz'), nothing)).rejects.toMatchObject({
      code: 'BUNDLE_FAILED',
      hint: expect.stringContaining('a folder that this user may write in'),
    });
  });
});
