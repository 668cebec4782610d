import { describe, expect, it } from '@jest/globals';
import { load, problems, where } from './stage.ts';

const TOKEN = 'sixteen-characters-or-more';

describe("the operators' port", () => {
  it('needs no token at a loopback address, and one at every other', () => {
    for (const ADMIN_HOST of ['127.0.0.1', '127.1.2.3', '::1', 'localhost'])
      expect(load({ ADMIN_HOST }).admin).toMatchObject({ host: ADMIN_HOST, token: null });
    for (const ADMIN_HOST of ['0.0.0.0', '::', '10.0.0.1', 'agent.example.com'])
      expect(where({ ADMIN_HOST })).toEqual(['ADMIN_TOKEN']);
    expect(load({ ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: TOKEN }).admin.token?.reveal()).toBe(TOKEN);
  });

  it('is not opened when it is off, wherever it would listen', () => {
    expect(load({ ADMIN_PORT: 'Off', ADMIN_HOST: '0.0.0.0' }).admin.port).toBeNull();
    expect(problems({ ADMIN_PORT: 'none' })[0]?.reason).toBe('is neither a port number nor off');
  });

  it('has a token that cannot be guessed and that fits a header, told once when it does not', () => {
    expect(problems({ ADMIN_HOST: '0.0.0.0', ADMIN_TOKEN: 'short' })).toMatchObject([
      { where: 'ADMIN_TOKEN', reason: 'is shorter than 16 characters' },
    ]);
    expect(where({ ADMIN_TOKEN: 'with spaces in between it' })).toEqual(['ADMIN_TOKEN']);
  });

  it('is called by names, not by URLs', () => {
    expect(load({ ADMIN_ALLOWED_HOSTS: 'Agent.Example.com, other' }).admin.allowedHosts).toEqual([
      'agent.example.com',
      'other',
    ]);
    expect(where({ ADMIN_ALLOWED_HOSTS: 'agent:8001' })).toEqual(['ADMIN_ALLOWED_HOSTS']);
  });
});

describe('the way in by HTTP', () => {
  it('is closed unless asked for, and says what has no effect then', () => {
    expect(load({}).relay).toBeNull();
    const { relay, warnings } = load({ RELAY_TOKEN: TOKEN });
    expect(relay).toBeNull();
    expect(warnings.join()).toContain('HTTP_RELAY');
  });

  it('needs a token and a port', () => {
    expect(where({ HTTP_RELAY: 'true' })).toEqual(['RELAY_TOKEN']);
    expect(where({ HTTP_RELAY: 'true', RELAY_TOKEN: 'short' })).toEqual(['RELAY_TOKEN']);
    expect(where({ HTTP_RELAY: 'true', RELAY_TOKEN: TOKEN, ADMIN_PORT: 'off' })).toEqual(['RELAY_PORT']);
    expect(load({ HTTP_RELAY: 'true', RELAY_TOKEN: TOKEN }).relay?.listen).toBeNull();
  });

  it('listens for others when it has a port of its own', () => {
    const relay = { HTTP_RELAY: 'true', RELAY_TOKEN: TOKEN, RELAY_PORT: '8002' };
    expect(load(relay).relay?.listen).toEqual({ host: '0.0.0.0', port: 8002 });
    expect(where({ ...relay, RELAY_PORT: '8001' })).toEqual(['RELAY_PORT']);
    expect(problems({ ...relay, RELAY_PORT: '8000' })).toMatchObject([
      { where: 'RELAY_PORT', reason: 'is the same as PORT', example: '8002' },
    ]);
  });
});

describe('secrets of those who come in', () => {
  it('are known to the redaction', () => {
    const secrets = {
      ADMIN_TOKEN: `admin-${TOKEN}`,
      WEBHOOK_SECRET: 'webhook',
      RELAY_TOKEN: `relay-${TOKEN}`,
    };
    const config = load({ HTTP_RELAY: 'true', ...secrets });
    const known = config.secrets().map((secret) => secret.reveal());
    expect(known).toEqual(expect.arrayContaining(Object.values(secrets)));
  });
});

describe('RULES_HASH', () => {
  it('is 64 hexadecimal digits, with or without sha256: before them', () => {
    const digits = 'ab'.repeat(32);
    expect(load({ RULES_HASH: digits.toUpperCase() }).rulesHash).toBe(`sha256:${digits}`);
    expect(load({ RULES_HASH: `sha256:${digits}` }).rulesHash).toBe(`sha256:${digits}`);
    expect(where({ RULES_HASH: digits.slice(1) })).toEqual(['RULES_HASH']);
  });
});
