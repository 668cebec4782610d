import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jsonFault } from '../../src/rules/json-fault.ts';

/** Texts that are JSON, or nearly. */
const nearly = fc
  .tuple(
    fc.json(),
    fc.nat(),
    fc.constantFrom('', ',', ']', '}', '"', ':', '1', '01', '-', '\\', '\n', 'nul', '//'),
  )
  .map(([text, place, more]) => {
    const at = place % (text.length + 1);
    return `${text.slice(0, at)}${more}${text.slice(at + (place % 2))}`;
  });

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('jsonFault', () => {
  it('finds a fault exactly where JSON.parse does not accept a text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), nearly, fc.string()), (text) => {
        expect([text, jsonFault(text) === null]).toEqual([text, parses(text)]);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['', 1, 1, 'it ends too early: here must be a value'],
    ['[1,\n 2,\n]', 2, 3, 'a comma after which nothing comes'],
    ['{"a": 1,}', 1, 8, 'a comma after which nothing comes'],
    ['{"a" 1}', 1, 6, 'here must be ":"'],
    ['{a: 1}', 1, 2, 'here must be a name in double quotes or "}"'],
    ['{"a": 1, b', 1, 10, 'here must be a name in double quotes'],
    ['{"a": b}', 1, 7, 'here must be a value'],
    ['[1 2]', 1, 4, 'here must be "," or "]"'],
    ['{} {}', 1, 4, 'here must be the end'],
    ['["a\nb"]', 1, 2, 'a text that does not end on its line, or has an escape that JSON does not have'],
    ['["\\U00e9"]', 1, 2, 'a text that does not end on its line, or has an escape that JSON does not have'],
    ['["\\x"]', 1, 2, 'a text that does not end on its line, or has an escape that JSON does not have'],
    ['[\n// x\n]', 2, 1, 'a comment, which JSON does not have: write it as a field, "//": "…"'],
    ['[1 /* x */]', 1, 4, 'a comment, which JSON does not have: write it as a field, "//": "…"'],
  ])('tells line, column and what is wrong: %j', (text, line, column, reason) => {
    expect(jsonFault(text)).toEqual({ line, column, reason });
  });

  it('takes time in proportion to the text, and no stack', () => {
    const deep = 200_000;
    expect(jsonFault('['.repeat(deep))).toMatchObject({ column: deep + 1 });
    expect(jsonFault(`"${'\\u00e9x'.repeat(deep)}`)).toMatchObject({ line: 1, column: 1 });
  });

  it('never repeats the text', () => {
    expect(JSON.stringify(jsonFault('{"token": c4n4ry}'))).not.toContain('c4n4ry');
  });
});
