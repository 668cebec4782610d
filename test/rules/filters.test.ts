import { describe, expect, it } from '@jest/globals';
import { parseAcceptList } from '../../src/rules/accept-list.ts';
import { identifyFilters } from '../../src/rules/filters.ts';
import { expand, maskLiterals, variablesIn } from '../../src/rules/template.ts';

function filtersOf(rule: object) {
  const { list } = parseAcceptList(
    JSON.stringify({ private: [{ id: 'a', path: '/a', origin: 'https://x', ...rule }] }),
    'a.json',
  );
  if (list === null) throw new Error('no list');
  return identifyFilters(list).private[0];
}

describe('identifyFilters', () => {
  it('gives the list back as plain objects', () => {
    const valid = [
      { path: 'kind', value: 'ok' },
      { queryParam: 'at', values: ['main'] },
    ];
    const auth = { scheme: 'basic', username: '${U}', password: '${P}' };
    expect(
      filtersOf({
        '//': 'why',
        purpose: 'p',
        permission: 'q',
        origin: 'https://${BITBUCKET_API}',
        auth,
        valid,
        stream: 'secret',
      }),
    ).toEqual({
      '//': 'why',
      id: 'a',
      purpose: 'p',
      permission: 'q',
      method: 'GET',
      path: '/a',
      origin: 'https://${BITBUCKET_API}',
      auth,
      valid,
    });
  });

  it.each([
    [
      { scheme: 'bearer', token: 'secret' },
      { scheme: 'bearer', token: '***' },
    ],
    [
      { scheme: 'raw', token: 'Bearer ${T}secret' },
      { scheme: 'raw', token: '***${T}***' },
    ],
    [
      { scheme: 'basic', username: 'secret', password: 'sec}ret${' },
      { scheme: 'basic', username: '***', password: '***' },
    ],
    [{ scheme: 'bitbucket' }, { scheme: 'bitbucket' }],
  ])('masks what is written out in %j', (auth, masked) => {
    expect(filtersOf({ auth })?.auth).toEqual(masked);
  });

  it.each([
    ['https://${U}:${P}@host/x', 'https://${U}:${P}@host/x'],
    ['https://secret:secret@host', 'https://***:***@host'],
    ['secret:${P}@${HOST}', '***:${P}@${HOST}'],
    ['https://sec/ret:s@ecret@host', 'https://***:***@host'],
    ['${S}://secret@host', '${S}://***@host'],
    ['https://host/x', 'https://host/x'],
  ])('masks the login in the origin %s', (origin, masked) => {
    expect(filtersOf({ origin })?.origin).toBe(masked);
  });
});

describe('a template', () => {
  it('names its variables, takes their values and hides the rest', () => {
    expect(variablesIn('${A}-${B}${A}')).toEqual(['A', 'B']);
    expect(expand('${A}-${B}', (name) => (name === 'A' ? '$&' : undefined))).toBe('$&-');
    expect(maskLiterals('a${A}\nb${B}')).toBe('***${A}***${B}');
  });
});
