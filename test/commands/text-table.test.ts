import { describe, expect, it } from '@jest/globals';
import { textTable, widthOf } from '../../src/commands/text-table.ts';

describe('a table of text', () => {
  it('has columns as wide as their widest text, and no blanks at the end of a line', () => {
    expect(
      textTable(
        ['name', 'state'],
        [
          ['gateway', 'AVAILABLE'],
          ['a', '-'],
        ],
      ),
    ).toBe(['NAME     STATE', 'gateway  AVAILABLE', 'a        -'].join('\n'));
  });

  it('is its headings where there is nothing', () => {
    expect(textTable(['name', 'state'], [])).toBe('NAME  STATE');
  });

  it('has as many rows as there are', () => {
    const rows = Array.from({ length: 200_000 }, (_, at) => [String(at), 'x']);
    const [, ...lines] = textTable(['id', 'what'], rows).split('\n');
    expect(lines).toHaveLength(200_000);
    expect(new Set(lines.map((line) => line.indexOf('x')))).toEqual(new Set([8]));
  });

  it('keeps its columns with names of any script', () => {
    const [, ...rows] = textTable(
      ['name', 'x'],
      [
        ['李小龙 🐉', '|'],
        ['Jörg', '|'],
        ['e\u0301', '|'],
      ],
    ).split('\n');
    expect(new Set(rows.map((row) => widthOf(row.slice(0, row.indexOf('|')))))).toEqual(new Set([11]));
  });
});

it.each([
  ['plain', 5],
  ['Übersetzungen', 13],
  ['李小龙', 6],
  ['🐉', 2],
  ['👩‍💻', 2],
  ['e\u0301', 1],
  ['', 0],
])('%j takes %d columns', (text, width) => {
  expect(widthOf(text)).toBe(width);
});
