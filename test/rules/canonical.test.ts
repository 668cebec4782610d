import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { canonicalRules } from '../../src/rules/canonical.ts';
import { loadRules } from '../../src/rules/compile.ts';
import { rulesOf } from './loaded.ts';

const shipped = readFileSync(new URL('../../config/accept/bitbucket-server.json', import.meta.url), 'utf8');
const at = (host: string, allowWrites = false) => {
  const { rules } = loadRules(shipped, 'a', {
    variable: () => `${host}/rest/api/1.0`,
    bitbucket: { scheme: 'https', host },
    allowWrites,
  });
  if (rules === null) throw new Error('the shipped list is broken');
  return canonicalRules(rules);
};

const RULE = { id: 'a', path: '/a', purpose: 'p', '//': 'c', auth: { scheme: 'bearer', token: 'x${T}' } };
const text = (...rules: object[]) => canonicalRules(rulesOf(rules));

describe('the canonical text of rules', () => {
  it('is the same at every Bitbucket, and whatever ALLOW_WRITES says of a list without writes', () => {
    expect(at('one.test')).toBe(at('two.test/context', true));
    expect(at('one.test')).toContain('https://${BITBUCKET_API}');
  });

  it('leaves out what does not decide, and what is written out in logins', () => {
    expect(text(RULE)).toBe(text({ ...RULE, purpose: 'q', '//': 'd', permission: 'r' }));
    expect(text(RULE)).toBe(text({ auth: { token: 'y${T}', scheme: 'bearer' }, path: '/a', id: 'a' }));
    expect(text(RULE)).not.toContain('"x');
  });

  it.each([
    ['path', { ...RULE, path: '/b' }],
    ['id', { ...RULE, id: 'b' }],
    ['method', { ...RULE, method: 'HEAD' }],
    ['origin', { ...RULE, origin: 'https://${BITBUCKET}' }],
    ['login', { ...RULE, auth: { scheme: 'bearer', token: '${U}' } }],
    ['condition', { ...RULE, valid: [{ queryParam: 'at', values: ['x'] }] }],
  ])('changes with the %s', (_what, changed) => {
    expect(text(changed)).not.toBe(text(RULE));
  });

  it('changes with the order, and with ALLOW_WRITES where a rule writes', () => {
    const [one, two] = [RULE, { ...RULE, id: 'b', path: '/b', method: 'POST' }];
    expect(text(one, two)).not.toBe(text(two, one));
    expect(canonicalRules(rulesOf([two], { allowWrites: false }))).not.toBe(text(two));
  });
});
