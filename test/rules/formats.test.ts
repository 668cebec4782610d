import { describe, expect, it } from '@jest/globals';
import { csv, markdownCode, markdownTable, markdownText, tableCode } from '../../src/rules/formats.ts';

describe('csv', () => {
  it('quotes as RFC 4180 asks for', () => {
    expect(csv([['a', 'b,c', 'say "x"', 'two\nlines', '']])).toBe('a,"b,c","say ""x""","two\nlines",\r\n');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1'])('makes no formula of %j', (text) => {
    expect(csv([[text]])).toBe(`'${text}\r\n`);
  });

  it('leaves the mark for nothing as it is', () => {
    expect(csv([['-']])).toBe('-\r\n');
  });
});

describe('Markdown', () => {
  it('keeps a table a table, and text text', () => {
    const row = ['a|b', '<script>', '*x*\ny', '[x](y)'].map(markdownText);
    expect(markdownTable(['one', 'two', 'three', 'four'], [row]).split('\n').at(-1)).toBe(
      '| a\\|b | \\<script\\> | \\*x\\*\uFFFDy | \\[x\\](y) |',
    );
    expect([markdownCode('/a|b'), tableCode('/a|b'), markdownCode('a`b')]).toEqual([
      '`/a|b`',
      '`/a\\|b`',
      '`` a`b ``',
    ]);
  });

  it('keeps a bar behind a backslash in its cell', () => {
    expect(tableCode('/:x(a\\|b*)')).toBe('<code>/&#58;x&#40;a&#92;&#124;b&#42;&#41;</code>');
  });
});
