import { describe, expect, it } from '@jest/globals';
import { compileConditions, conditionMiss, Evidence } from '../../src/rules/conditions.ts';
import type { ConditionSpec } from '../../src/rules/rule-schema.ts';

interface Asked {
  query?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

function missed(specs: readonly ConditionSpec[], { query = '', body, headers = {} }: Asked): string | null {
  const conditions = compileConditions(specs);
  if (conditions === null) throw new Error('no conditions');
  const bytes =
    body === undefined ? null : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return conditionMiss(conditions, new Evidence({ url: `/a${query}`, headers, body: bytes }))?.aspect ?? null;
}

const value = (path: string, wanted: string | number | boolean): ConditionSpec => ({
  kind: 'body-value',
  path,
  value: wanted,
});
const regex = (path: string, pattern: string): ConditionSpec => ({
  kind: 'body-regex',
  path,
  regex: pattern,
});
const query = (queryParam: string, ...values: string[]): ConditionSpec => ({
  kind: 'query',
  queryParam,
  values,
});
const header = (name: string, ...values: string[]): ConditionSpec => ({
  kind: 'header',
  header: name,
  values,
});

describe('a body value', () => {
  it.each([
    [{ kind: 'ok' }, null],
    [{ kind: 'no' }, 'body'],
    [{ kind: ['ok'] }, 'body'],
    [{ kind: { ok: 'ok' } }, 'body'],
    [{}, 'body'],
    ['"ok"', 'body'],
    ['{"kind":"ok"', 'body'],
    ['', 'body'],
    [undefined, 'body'],
    [null, 'body'],
  ])('is compared with the rule: %j', (body, aspect) => {
    expect(missed([value('kind', 'ok')], { body })).toBe(aspect);
  });

  it('is found under names, indexes and wildcards', () => {
    const body = { list: [{ id: 'a' }, { id: 'b' }], deep: { x: { id: 'c' } } };
    expect(missed([value('list.1.id', 'b')], { body })).toBeNull();
    expect(missed([value('list.0.id', 'b')], { body })).toBe('body');
    expect(missed([value('list.*.id', 'b')], { body })).toBeNull();
    expect(missed([value('*.*.id', 'c')], { body })).toBeNull();
    expect(missed([value('list.*.id', 'c')], { body })).toBe('body');
  });

  it('must have the very type that the rule names', () => {
    expect(missed([value('n', 1)], { body: { n: 1 } })).toBeNull();
    expect(missed([value('n', 1)], { body: { n: '1' } })).toBe('body');
    expect(missed([value('n', true)], { body: { n: 1 } })).toBe('body');
  });

  it('is never found on a prototype', () => {
    expect(missed([regex('constructor.name', 'Object')], { body: {} })).toBe('body');
    expect(missed([regex('__proto__.toString', '')], { body: {} })).toBe('body');
    expect(missed([value('__proto__', 'ok')], { body: '{"__proto__":"ok"}' })).toBeNull();
  });
});

describe('a body regex', () => {
  it('is held against one text, number or boolean', () => {
    expect(missed([regex('s', '^op')], { body: { s: 'open' } })).toBeNull();
    expect(missed([regex('s', '^op')], { body: { s: 'closed' } })).toBe('body');
    expect(missed([regex('s', '^12$')], { body: { s: 12 } })).toBeNull();
    expect(missed([regex('s', 'object')], { body: { s: {} } })).toBe('body');
    expect(missed([regex('s', 'undefined')], { body: {} })).toBe('body');
    expect(missed([regex('s', 'null')], { body: { s: null } })).toBe('body');
  });

  it('is held against all that a wildcard finds, together', () => {
    expect(missed([regex('f.*', '^(ok,?)+$')], { body: { f: ['ok', 'ok'] } })).toBeNull();
    expect(missed([regex('f.*', '^(ok,?)+$')], { body: { f: ['ok', 'no'] } })).toBe('body');
    expect(missed([regex('f.*', 'ok')], { body: { f: ['ok', {}] } })).toBe('body');
    expect(missed([regex('f.*.n', 'ok')], { body: { f: ['ok', { n: 'ok' }] } })).toBe('body');
    expect(missed([regex('f.*', '^ok$')], { body: { f: ['', 'ok', null, 0] } })).toBeNull();
    expect(missed([regex('f.*', '')], { body: { f: [] } })).toBe('body');
  });

  it('is not run on texts over 1,024 characters', () => {
    expect(missed([regex('s', '^a')], { body: { s: 'a'.repeat(1_024) } })).toBeNull();
    expect(missed([regex('s', '^a')], { body: { s: 'a'.repeat(1_025) } })).toBe('body');
  });
});

describe('a query parameter', () => {
  it.each([
    ['?at=refs/heads/main', null],
    ['?at=refs%2Fheads%2Fmain', null],
    ['?x=1&at=refs/heads/a+b', null],
    ['?at=refs/heads/.hidden', null],
    ['?at=refs/heads/a/b', 'query'],
    ['?at=refs/heads/..', 'query'],
    ['?at=', 'query'],
    ['?AT=refs/heads/main', 'query'],
    ['', 'query'],
    ['?at=refs/heads/main&at=refs/heads/main', 'query'],
    ['?at=refs/heads/main&%61t=x', 'query'],
    ['?at[]=refs/heads/main', 'query'],
    ['?at[x]=refs/heads/main', 'query'],
    ['?at=refs/heads/main&at%5B%5D=x', 'query'],
    ['?at=refs/heads/main&%5Bat%5D=x', 'query'],
    ['?at=refs/heads/main&b=]=', 'query'],
    [`?at=refs/heads/main${'&x'.repeat(1000)}`, 'query'],
  ])('is matched as a glob: %s', (text, aspect) => {
    expect(missed([query('at', 'refs/heads/*')], { query: text })).toBe(aspect);
  });

  it('must match with every entry, and counts as empty when it is not there', () => {
    const both = [query('a', 'x', 'y'), query('b', '', 'z*')];
    expect(missed(both, { query: '?a=y&b=z1' })).toBeNull();
    expect(missed(both, { query: '?a=y' })).toBeNull();
    expect(missed(both, { query: '?b=z1' })).toBe('query');
    expect(missed(both, { query: '?a=y&b=q' })).toBe('query');
  });

  it.each([
    ['*.', '..'],
    ['!x', '..'],
    ['!x', 'a/./b'],
    ['*', '%0Aa'],
    ['**', 'a%E2%80%A8'],
  ])('is not matched by %s when it is %s: a dot segment or a line break', (glob, text) => {
    expect(missed([query('at', glob)], { query: `?at=${text}` })).toBe('query');
    expect(missed([query('at', glob)], { query: '?at=a.' })).toBeNull();
  });

  it.each([
    '?a=x&a=x',
    '?a[]=x',
    `?a=x${'&b'.repeat(1000)}`,
  ])('ends the decision when it can be read in two ways: %s', (text) => {
    const conditions = compileConditions([query('a', 'x')]);
    const evidence = new Evidence({ url: `/a${text}`, headers: {}, body: null });
    expect(conditions && conditionMiss(conditions, evidence)).toMatchObject({ aspect: 'query', final: true });
  });
});

describe('headers', () => {
  it('must all have one of the values, exactly', () => {
    const both = [header('accept', 'a/b', 'c/d'), header('x-kind', '1')];
    expect(missed(both, { headers: { accept: 'c/d', 'x-kind': '1' } })).toBeNull();
    expect(missed(both, { headers: { accept: 'c/d' } })).toBe('header');
    expect(missed(both, { headers: { accept: 'C/D', 'x-kind': '1' } })).toBe('header');
    expect(missed(both, { headers: { accept: 'a/b, c/d', 'x-kind': '1' } })).toBe('header');
    expect(missed([header('accept', '')], { headers: { accept: '' } })).toBe('header');
    expect(missed([header('constructor', 'x')], {})).toBe('header');
  });
});

describe('entries of several kinds', () => {
  it('pass with any one body entry, which makes the query entries needless, but never the header entries', () => {
    const all = [value('a', 'x'), regex('b', '^y$'), query('q', 'z'), header('h', '1')];
    const headers = { h: '1' };
    expect(missed(all, { body: { b: 'y' }, headers })).toBeNull();
    expect(missed(all, { body: { a: 'x' }, query: '?q=no', headers })).toBeNull();
    expect(missed(all, { query: '?q=z', headers })).toBeNull();
    expect(missed(all, { query: '?q=no', headers })).toBe('body');
    expect(missed(all, { body: { a: 'x' }, query: '?q=z' })).toBe('header');
  });
});
