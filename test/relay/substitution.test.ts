import { describe, expect, it } from '@jest/globals';
import type { Call } from '../../src/call.ts';
import { createSubstitution, substitutionOf } from '../../src/relay/substitution.ts';

const substitute = createSubstitution((name) =>
  name === 'BROKER_CLIENT_URL' ? 'https://agent.example' : undefined,
);

const callWith = (headers: Record<string, string>, body: unknown): Call => ({
  requestId: 'r',
  method: 'POST',
  url: '/hooks',
  headers,
  body: body === null ? null : Buffer.from(JSON.stringify(body)),
});

describe('variable substitution, when it is allowed', () => {
  it('writes variables where the body says so, and nowhere else', () => {
    const call = callWith(
      {},
      {
        BROKER_VAR_SUB: ['config.url'],
        config: { url: '${BROKER_CLIENT_URL}/x' },
        note: '${BROKER_CLIENT_URL}',
      },
    );
    expect(JSON.parse(String(substitute(call).body))).toEqual({
      config: { url: 'https://agent.example/x' },
      note: '${BROKER_CLIENT_URL}',
    });
  });

  it('writes variables into the headers that are named', () => {
    const call = callWith(
      { 'x-broker-var-sub': 'x-a, X-B', 'x-a': '${BROKER_CLIENT_URL}', 'x-c': '${BROKER_CLIENT_URL}' },
      null,
    );
    expect(substitute(call).headers).toMatchObject({
      'x-a': 'https://agent.example',
      'x-c': '${BROKER_CLIENT_URL}',
    });
  });

  it('leaves secrets and unknown names standing', () => {
    const call = callWith(
      { 'x-broker-var-sub': 'x-a', 'x-a': '${BITBUCKET_PAT}' },
      { BROKER_VAR_SUB: ['a'], a: '${BITBUCKET_PASSWORD}' },
    );
    expect(substitute(call).headers['x-a']).toBe('${BITBUCKET_PAT}');
    expect(JSON.parse(String(substitute(call).body))).toEqual({ a: '${BITBUCKET_PASSWORD}' });
  });

  it.each([
    ['no list', { BROKER_VAR_SUB: 'a', a: '${BROKER_CLIENT_URL}' }],
    ['a path to nowhere', { BROKER_VAR_SUB: ['a.b.c', '__proto__.x', 5], a: 'x' }],
  ])('survives %s', (_name, body) => {
    expect(() => substitute(callWith({}, body))).not.toThrow();
  });

  it('leaves a body that is no JSON object alone', () => {
    const body = Buffer.from('BROKER_VAR_SUB {');
    expect(substitute({ ...callWith({}, null), body }).body).toBe(body);
  });
});

describe('what a configuration makes of it', () => {
  it('is nothing unless it is allowed, and addresses only', () => {
    const variable = (name: string) => `value of ${name}`;
    expect(substitutionOf({ allowVariableSubstitution: false, variable })).toBeNull();
    const call = {
      requestId: 'r',
      method: 'GET',
      url: '/',
      headers: { 'x-broker-var-sub': 'x-to', 'x-to': '${BITBUCKET} ${HOME}' },
      body: null,
    };
    const filled = substitutionOf({ allowVariableSubstitution: true, variable })?.(call);
    expect(filled?.headers['x-to']).toBe('value of BITBUCKET ${HOME}');
  });
});
