import { describe, expect, it } from '@jest/globals';
import { LoginPool } from '../../src/bitbucket/login-pool.ts';
import type { Log } from '../../src/log.ts';

function recordingLog(): Log & { readonly warnings: unknown[] } {
  const warnings: unknown[] = [];
  return {
    warnings,
    debug() {},
    info() {},
    error() {},
    warn: (_message, fields) => void warnings.push(fields?.credential),
  };
}

const credentials = ['A', 'B', 'C'].map((name) => ({ name, authorization: `Bearer ${name}` }));

function poolOf(count: number) {
  const clock = { now: 0 };
  const log = recordingLog();
  const pool = new LoginPool(credentials.slice(0, count), log, () => clock.now);
  const turn = (times: number) => Array.from({ length: times }, () => pool.next().name).join('');
  return { pool, clock, log, turn };
}

describe('LoginPool', () => {
  it('takes turns', () => {
    expect(poolOf(3).turn(7)).toBe('ABCABCA');
    expect(poolOf(1).turn(3)).toBe('AAA');
  });

  it('lets a refused credential rest for five minutes and reports it once', () => {
    const { pool, clock, log, turn } = poolOf(3);
    const first = pool.next();
    expect(pool.reject(first)?.name).toBe('B');
    pool.reject(first);
    expect(turn(4)).not.toContain('A');
    expect(log.warnings).toEqual(['A']);
    clock.now = 5 * 60_000 + 1;
    expect(turn(3)).toContain('A');
  });

  it('never lets the last one rest', () => {
    const { pool, log, turn } = poolOf(2);
    const [a, b] = credentials as [(typeof credentials)[0], (typeof credentials)[0]];
    expect(pool.reject(a)?.name).toBe('B');
    expect(pool.reject(b)).toBeNull();
    expect(turn(3)).toBe('BBB');
    expect(log.warnings).toEqual(['A', 'B']);
  });
});
