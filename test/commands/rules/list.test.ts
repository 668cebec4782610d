import { describe, expect, it } from '@jest/globals';
import { listText } from '../../../src/commands/rules/list.ts';
import { listRules } from '../../../src/rules/listing.ts';
import { rulesOf } from '../../rules/loaded.ts';

const rules = rulesOf(
  [
    { id: 'a', path: '/a', purpose: '=cmd|x', permission: 'REPO_READ' },
    { id: 'b', method: 'POST', path: '/b/:x(1|2)' },
  ],
  { allowWrites: false },
);
const usage = new Map([['a', { hits: 3, lastAt: '2026-01-02T03:04:05.000Z' }]]);

describe('rules list', () => {
  it('has every rule with its place and its hits, in each format', () => {
    const listed = listRules(rules, { shippedWith: null, usage });
    const table = listText(listed, 'table').trimEnd().split('\n');
    expect(table.map((line) => line.split(/ {2,}/))).toEqual([
      ['ID', 'METHOD', 'PATH', 'PURPOSE', 'FROM', 'PERMISSION', 'HITS'],
      ['a', 'GET', '/a', '=cmd|x', 'accept.json, private rule 1 (line 1)', 'REPO_READ', '3'],
      ['b', 'POST (writes off)', '/b/:x(1|2)', '-', 'accept.json, private rule 2 (line 1)', '-', '0'],
    ]);
    expect(JSON.parse(listText(listed, 'json'))).toEqual(listed);
    expect(listText(listed, 'csv').split('\r\n').slice(0, 2)).toEqual([
      'list,id,method,path,purpose,from,permission,hits,last_at',
      `private,a,GET,/a,'=cmd|x,"accept.json, private rule 1 (line 1)",REPO_READ,3,2026-01-02T03:04:05.000Z`,
    ]);
    expect(listText(listed, 'md')).toContain('| `b` | `POST (writes off)` | `/b/:x(1\\|2)` |');
  });

  it('says which rules are the shipped ones, and nothing of hits where nothing is known', () => {
    const [first] = listRules(rules, { shippedWith: '0.1.0', usage: null });
    expect(first).toMatchObject({ from: 'shipped with 0.1.0', hits: null, lastAt: null });
  });
});
