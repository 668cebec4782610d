import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseAcceptList } from '../../src/rules/accept-list.ts';
import { narrowedList } from '../../src/rules/narrowed-list.ts';

function narrowed(text: string, ...without: string[]): string {
  const { list } = parseAcceptList(text, 'accept');
  if (list === null) throw new Error('the list of this test is broken');
  return narrowedList(text, list, new Set(without));
}

describe('a narrowed accept list', () => {
  it('keeps order, fields and every comment of what stays', () => {
    const text = `{
      "//": "all of it",
      "private": [
        {"//": "first", "//": "second", "id": "a", "method": "GET", "path": "/a", "origin": "https://\${BITBUCKET_API}"},
        {"id": "b", "method": "GET", "path": "/b", "origin": "https://\${BITBUCKET_API}"},
        {"method": "GET", "path": "/c", "origin": "https://\${BITBUCKET_API}", "valid": []}
      ],
      "public": [{"id": "hook", "method": "POST", "path": "/webhook/x"}]
    }`;
    expect(narrowed(text, 'b', 'hook')).toBe(`{
  "//": "all of it",
  "private": [
    {
      "//": "first",
      "//": "second",
      "id": "a",
      "method": "GET",
      "path": "/a",
      "origin": "https://\${BITBUCKET_API}"
    },
    {
      "method": "GET",
      "path": "/c",
      "origin": "https://\${BITBUCKET_API}",
      "valid": []
    }
  ],
  "public": []
}
`);
  });

  it('is made of YAML with anchors too', () => {
    const text = [
      'private:',
      '  - &base {id: a, method: GET, path: /a, origin: "https://${BITBUCKET_API}"}',
      '  - {<<: *base, id: b, path: /b}',
    ].join('\n');
    expect(JSON.parse(narrowed(text, 'b')).private).toEqual([
      { id: 'a', method: 'GET', path: '/a', origin: 'https://${BITBUCKET_API}' },
    ]);
    expect(JSON.parse(narrowed(text)).private).toHaveLength(2);
    expect(JSON.parse(narrowed(text, 'a')).private).toEqual([
      { method: 'GET', path: '/b', origin: 'https://${BITBUCKET_API}', id: 'b' },
    ]);
  });

  it('of the shipped list without anything is the shipped list', () => {
    const text = readFileSync(new URL('../../config/accept/bitbucket-server.json', import.meta.url), 'utf8');
    expect(JSON.parse(narrowed(text))).toEqual(JSON.parse(text));
  });
});
