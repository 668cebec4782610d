import { shownText } from '../shown-text.ts';

/** RFC 4180. A text that a spreadsheet would take for a formula begins with an apostrophe. */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table for Markdown: headings, then rows. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(headings), `|${'---|'.repeat(headings.length)}`, ...rows.map(line)].join('\n');
}

/** Text as Markdown shows it as it is, in a table too. */
export const markdownText = (text: string): string =>
  shown(text)
    .replace(/[\\`*_[\]<>|#~&]/g, (character) => `\\${character}`)
    .replaceAll('\n', ' ');

/** Code in a table of Markdown. Behind a backslash a bar's own would be undone, and the cell end there. */
export const tableCode = (text: string): string =>
  /\\\|/.test(text)
    ? `<code>${shown(text).replace(/[^\w ./-]|_/g, (character) => `&#${character.codePointAt(0)};`)}</code>`
    : markdownCode(text).replaceAll('|', '\\|');

/** Code in Markdown. */
export function markdownCode(text: string): string {
  const plain = shown(text);
  const fence = '`'.repeat(Math.max(0, ...Array.from(plain.matchAll(/`+/g), ([run]) => run.length)) + 1);
  const space = fence.length > 1 ? ' ' : '';
  return `${fence}${space}${plain}${space}${fence}`;
}

/** Whole, but without characters that steer. */
export const shown = (text: string): string => shownText(text, Number.MAX_SAFE_INTEGER);
