import { stripVTControlCharacters } from 'node:util';

const GAP = '  ';

/** Rows under headings, each column as wide as its widest text. There may be very many rows. */
export function textTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings.map((name) => name.toUpperCase()), ...rows];
  const widths = headings.map(() => 0);
  for (const line of lines) {
    for (const column of widths.keys())
      widths[column] = Math.max(widths[column] ?? 0, widthOf(line[column] ?? ''));
  }
  return lines
    .map((line) =>
      line
        .map((text, column) => padded(text, widths[column] ?? 0))
        .join(GAP)
        .trimEnd(),
    )
    .join('\n');
}

const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

const PLAIN = /^[\x20-\x7e]*$/;
/** Made once: each has memory of its own outside of the heap. */
const graphemes = new Intl.Segmenter();

/** How many columns of a terminal a text takes: East Asian wide characters and emoji take two, marks none. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(stripVTControlCharacters(text))) {
    width += WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]/u;
