import { describe, expect, it } from '@jest/globals';
import { openGate } from '../../src/agent/gate.ts';
import { ConfigError } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';
import { type Env, file, load } from '../config/stage.ts';

const log = new Proxy({} as Log, { get: () => () => undefined });
const open = (env: Env) => openGate(load(env), log);
const list = file(
  'signed.json',
  JSON.stringify({
    private: [
      { id: 'a', path: '/a', origin: 'https://${BITBUCKET_API}' },
      { id: 'b', method: 'POST', path: '/b', origin: 'https://${BITBUCKET_API}' },
    ],
  }),
);
const SIGNED = { ACCEPT: list };

function thrown(env: Env): ConfigError {
  try {
    open(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('the gate opened');
}

describe('RULES_HASH', () => {
  const { rulesHash } = open(SIGNED);

  it('lets the rules through that were signed off, at any Bitbucket', () => {
    expect(rulesHash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(open({ ...SIGNED, RULES_HASH: rulesHash }).rulesHash).toBe(rulesHash);
    const elsewhere = { ...SIGNED, BITBUCKET_URL: 'http://other.example.com:7990/context' };
    expect(open({ ...elsewhere, RULES_HASH: rulesHash }).rulesHash).toBe(rulesHash);
  });

  it('refuses others, with both the hash and the way to see what has changed', () => {
    const other = `sha256:${'0'.repeat(64)}`;
    const { problems, hint } = thrown({ ...SIGNED, RULES_HASH: other });
    expect(problems).toEqual([
      { where: 'RULES_HASH', reason: expect.stringContaining(list), example: rulesHash },
    ]);
    expect(problems[0]?.reason).toContain(rulesHash);
    expect(hint).toContain(`bitbucket-agent rules diff <the list you signed off> ${list}`);
  });

  it('counts the rules of the origin agent: where they are answered', () => {
    const ACCEPT = file(
      'own.json',
      JSON.stringify({
        private: [
          { id: 'a', path: '/a', origin: 'https://${BITBUCKET_API}' },
          { id: 'own', path: '/essentials/v1/users', origin: 'agent:' },
        ],
      }),
    );
    const { rulesHash: whole } = open({ ACCEPT });
    expect(open({ ACCEPT, INVENTORY_URL: 'http://keeper:8003' }).rulesHash).toBe(whole);
    const off = open({ ACCEPT, INVENTORY_URL: 'off' });
    expect(off.rules.private.map(({ id }) => id)).toEqual(['a']);
    expect(off.findings().map(({ code, ruleId }) => [code, ruleId])).toContainEqual(['leads-nowhere', 'own']);
    const { problems } = thrown({ ACCEPT, INVENTORY_URL: 'off', RULES_HASH: whole });
    expect(problems).toMatchObject([{ where: 'RULES_HASH', example: off.rulesHash }]);
    expect(problems[0]?.reason).toContain('INVENTORY_URL is off');
  });

  it('counts ALLOW_WRITES where a rule writes, and says so', () => {
    const { problems } = thrown({ ...SIGNED, ALLOW_WRITES: 'true', RULES_HASH: rulesHash });
    expect(problems[0]?.reason).toContain('ALLOW_WRITES is true');
    const { rulesHash: writing } = open({ ...SIGNED, ALLOW_WRITES: 'true' });
    expect(thrown({ ...SIGNED, RULES_HASH: writing }).problems[0]?.reason).toContain('writing are off');
  });
});
