import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { AgentError, ConfigError, failureCode, HTTP_STATUS } from '../src/errors.ts';

describe('docs/errors.md', () => {
  const rows = readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => /^\| `([A-Z0-9_]+)` \| (\d+|–) \|/.exec(line)?.slice(1, 3) ?? []);
  const documented = new Map(
    rows.flatMap((cell, index) => (index % 2 === 0 ? [[cell, rows[index + 1]]] : [])) as [string, string][],
  );

  it('has every code, and no other', () => {
    expect([...documented.keys()].sort()).toEqual(Object.keys(HTTP_STATUS).sort());
  });

  it.each(Object.entries(HTTP_STATUS))('tells the status of %s', (code, status) => {
    const ends = code === 'CONFIG_INVALID' || code === 'LISTEN_FAILED';
    expect(documented.get(code)).toBe(ends ? '–' : String(status));
  });
});

describe('errors', () => {
  it('carry a code, its status, a hint and a cause', () => {
    const cause = new Error('below');
    const error = new AgentError('TUNNEL_TIMEOUT', 'late', { cause, hint: 'wait' });
    expect([error.code, error.status, error.hint, error.cause]).toEqual([
      'TUNNEL_TIMEOUT',
      504,
      'wait',
      cause,
    ]);
  });

  it('tell all that is wrong with a configuration', () => {
    const { message } = new ConfigError([
      { where: 'PORT', reason: 'is no number', example: '8000' },
      { where: 'accept.json, rule 3', reason: 'has no path', example: '"path": "/a"' },
    ]);
    expect(message).toContain('2 problem(s)');
    expect(message).toContain('PORT: is no number');
    expect(message).toContain('accept.json, rule 3: has no path');
    expect(message).toContain('for example: "path": "/a"');
  });

  it.each([
    [Object.assign(new Error(), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [new Error('outer', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) }), 'ENOTFOUND'],
    [new AggregateError([Object.assign(new Error(), { code: 'ETIMEDOUT' })]), 'ETIMEDOUT'],
    [new Error('plain'), 'UNKNOWN'],
    [null, 'UNKNOWN'],
  ])('show the code of a failure', (error, code) => {
    expect(failureCode(error)).toBe(code);
  });
});
