import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { declared } from '../../src/config/schema.ts';

const text = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const compose = parse(text('docker-compose.yaml'), { strict: true });
const { agent } = compose.services;
const { version } = JSON.parse(text('package.json'));

describe('docker-compose.yaml', () => {
  it('is one agent of this version, held as tightly as the image allows', () => {
    expect(Object.keys(compose.services)).toEqual(['agent']);
    expect(agent).toMatchObject({
      image: `bitbucket-agent:${version}`,
      user: '65532:65532',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: '256m',
      memswap_limit: '256m',
      pids_limit: 64,
      restart: 'unless-stopped',
      env_file: '.env',
    });
    for (const key of [
      'privileged',
      'cap_add',
      'network_mode',
      'pid',
      'ipc',
      'devices',
      'command',
      'entrypoint',
    ]) {
      expect(agent).not.toHaveProperty(key);
    }
  });

  it('has time to drain, and a log that ends', () => {
    expect(agent.stop_grace_period).toBe('30s');
    expect(agent.logging).toEqual({
      driver: 'json-file',
      options: { 'max-size': expect.stringMatching(/^\d+m$/), 'max-file': expect.stringMatching(/^\d+$/) },
    });
  });

  it('has two places to write in: /tmp in memory, and the state folder on a volume', () => {
    expect(agent.tmpfs).toEqual([expect.stringMatching(/^\/tmp:.*noexec,nosuid,nodev/)]);
    expect(agent.volumes).toEqual(['state:/var/lib/bitbucket-agent']);
    expect(compose.volumes).toHaveProperty('state');
  });

  it('opens its ports on loopback only', () => {
    expect(agent.ports).toEqual(['127.0.0.1:8000:8000', '127.0.0.1:8001:8001']);
  });

  it('gives secrets as files only, each where its variable says, and knows every variable it sets', () => {
    const targets = agent.secrets.map(({ target }: { target: string }) => target);
    const files = Object.entries<string>(agent.environment).filter(([name]) => name.endsWith('_FILE'));
    expect(files.map(([, path]) => path).sort()).toEqual(targets.toSorted());
    for (const [name, value] of Object.entries<string>(agent.environment)) {
      const variable = declared(name.replace(/_FILE$/, ''));
      expect([name, variable !== undefined, variable?.secret === true]).toEqual([
        name,
        true,
        name.endsWith('_FILE'),
      ]);
      if (name.endsWith('_FILE'))
        expect(value).toBe(`/run/secrets/bitbucket-agent/${name.replace(/_FILE$/, '')}`);
      else expect(variable?.parse.safeParse(value).success).toBe(true);
    }
    for (const { source } of agent.secrets) expect(compose.secrets[source].file).toMatch(/^\.\/secrets\//);
  });

  it('keeps its secrets out of git and out of the build', () => {
    for (const line of ['.env', 'secrets/']) expect(text('.gitignore').split('\n')).toContain(line);
  });
});
