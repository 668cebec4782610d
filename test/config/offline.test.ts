import { describe, expect, it } from '@jest/globals';
import { loadOffline } from '../../src/config/offline.ts';
import { ConfigError } from '../../src/errors.ts';
import { file, folder, TOKEN } from './stage.ts';

const offline = (env: Record<string, string>, accept?: string) =>
  loadOffline({ env, cwd: folder, ...(accept === undefined ? {} : { accept }) });

describe('a configuration for looking at rules', () => {
  it('needs nothing', () => {
    const { config, exampleAddress, login } = offline({});
    expect({ shipped: config.accept.shipped, exampleAddress, login }).toEqual({
      shipped: true,
      exampleAddress: true,
      login: null,
    });
    expect(config.variable('BITBUCKET_API')).toBe('bitbucket.example.com/rest/api/1.0');
  });

  it('takes what is set, of .env too', () => {
    file('.env', 'BITBUCKET=git.example.com/context\nBITBUCKET_PAT=canary\n');
    const { config, exampleAddress, login } = offline({ ALLOW_WRITES: 'true', ACCEPT: 'accept.json' });
    expect(config).toMatchObject({ allowWrites: true, accept: { shipped: false } });
    expect({ host: config.bitbucket.host, exampleAddress, login }).toEqual({
      host: 'git.example.com/context',
      exampleAddress: false,
      login: 'bearer',
    });
    file('.env', '');
  });

  it('reads no secret and none of their files', () => {
    const env = {
      BROKER_TOKEN: TOKEN,
      BITBUCKET_PASSWORD_POOL_FILE: '/no/such/file',
      BITBUCKET_USERNAME: 'canary',
      BITBUCKET_PAT_FILE: '/no/such/file',
      WEBHOOK_SECRET_FILE: '/no/such/file',
      CA_CERT: '/no/such/file',
      HTTPS_CERT: '/no/such/file',
      HTTPS_KEY: '/no/such/file',
    };
    const { config, tls, login } = offline(env);
    expect({ tls, login }).toEqual({ tls: true, login: 'bearer' });
    const known = config.secrets().map((secret) => secret.reveal());
    for (const value of [TOKEN, 'canary']) expect(known).not.toContain(value);
    expect(config.broker.token.reveal()).not.toBe(TOKEN);
    expect(offline({ BITBUCKET_USERNAME: 'u', BITBUCKET_PASSWORD: 'p' }).login).toBe('basic');
  });

  it('knows a proxy whose address stands in a file, where that can be read', () => {
    const path = file('proxy', 'http://u:p@proxy.example.com:3128');
    expect(offline({ HTTPS_PROXY_FILE: path }).config.network.httpsProxy).not.toBeNull();
    expect(offline({ HTTPS_PROXY_FILE: '/no/such/file' }).config.network.httpsProxy).toBeNull();
  });

  it('lets the path that was given win, and tells what is wrong with what is set', () => {
    const path = file('mine.json', '{"private":[]}');
    expect(offline({ ACCEPT: '/no/such/file' }, path).config.accept.path).toBe(path);
    expect(() => offline({ PORT: '99999' })).toThrow(ConfigError);
    expect(() => offline({}, '/no/such/file')).toThrow(/ACCEPT: /);
  });
});
