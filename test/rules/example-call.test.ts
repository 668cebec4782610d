import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { exampleCalls } from '../../src/rules/example-call.ts';
import { examplePaths } from '../../src/rules/example-path.ts';
import { rulesOf } from './loaded.ts';
import { Random } from './random.ts';
import { someRules } from './traffic.ts';

const client = dirname(createRequire(import.meta.url).resolve('snyk-broker/package.json'));
const official = readFileSync(
  join(client, 'dist/client-templates/bitbucket-server/accept.json.sample'),
  'utf8',
);

const alone = (rule: object) => {
  const set = rulesOf([{ ...rule, id: 'r' }]);
  const spec = set.specs.get('r');
  if (spec === undefined) throw new Error('no rule');
  return exampleCalls(spec).map((call) => ({ call, ...set.decide(call) }));
};

describe('example calls', () => {
  it('are allowed by their rule, for every rule of the official list', () => {
    const set = rulesOf(official);
    for (const spec of [...set.specs.values()].filter(({ list }) => list === 'private')) {
      if (spec.origin === '${GIT_CLIENT_URL}') continue;
      const [example] = exampleCalls(spec);
      if (example === undefined) throw new Error(spec.path);
      expect([spec.path, set.decide(example).allowed]).toEqual([spec.path, true]);
    }
  });

  it('fit generated rules, most of the time', () => {
    const random = new Random(5);
    let fits = 0;
    let all = 0;
    for (const rule of Array.from({ length: 150 }, () => someRules(random)).flat()) {
      const found = alone(rule);
      all += 1;
      if (found.some(({ allowed }) => allowed)) fits += 1;
    }
    expect(fits / all).toBeGreaterThan(0.85);
  });

  it('meet conditions of all kinds', () => {
    const [found] = alone({
      path: '/a',
      valid: [
        { queryParam: 'at', values: ['refs/heads/*'] },
        { queryParam: 'q', values: ['{x,y}?'] },
        { header: 'x-kind', values: ['', 'k'] },
      ],
    });
    expect(found).toMatchObject({
      allowed: true,
      call: { url: '/a?at=refs/heads/main&q=xa', headers: { 'x-kind': 'k' } },
    });
    const byBody = alone({ path: '/a', valid: [{ path: 'commits.*.id', regex: '^(open|ok)$' }] });
    expect(byBody[0]).toMatchObject({ allowed: true });
    expect(byBody[0]?.call.body?.toString()).toBe('{"commits":[{"id":"open"}]}');
  });

  it('show each shape of a path', () => {
    expect(examplePaths('/a/:id(\\d+)?')).toEqual(['/a/1', '/a/42', '/a']);
    expect(examplePaths('/a/*')).toEqual(['/a/x', '/a/x/y', '/a/']);
    expect(examplePaths('/a;b')).toEqual([]);
  });
});
