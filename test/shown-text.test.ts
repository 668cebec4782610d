import { describe, expect, it } from '@jest/globals';
import { shownText } from '../src/shown-text.ts';

describe('text from outside, as it is shown', () => {
  it.each([
    ['plain', 'project PLAT', 'project PLAT'],
    ['letters of all kinds', 'Jörg 株式会社 🦊', 'Jörg 株式会社 🦊'],
    ['escape sequences and line ends', 'a\u001b[2J\nb\r\u0000', 'a�[2J�b��'],
    ['marks that turn the direction of text, and other line ends', 'a\u202eb\u2028c\u0085', 'a�b�c�'],
    ['half a character', 'a\ud800b', 'a�b'],
  ])('%s', (_, text, shown) => {
    expect(shownText(text)).toBe(shown);
  });

  it('is cut, and never in the middle of a character', () => {
    expect(shownText('x'.repeat(200))).toBe('x'.repeat(200));
    expect(shownText('x'.repeat(5_000))).toBe(`${'x'.repeat(199)}…`);
    expect(shownText(`${'x'.repeat(198)}🦊🦊`)).toBe(`${'x'.repeat(198)}…`);
    expect(shownText('abcdef', 4)).toBe('abc…');
  });
});
