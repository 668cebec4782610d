import { styleText } from 'node:util';

/** One line of the table. */
export interface Row {
  readonly call: string;
  readonly verdict: 'allowed' | 'blocked' | 'unknown';
  readonly rule: string;
  readonly over: string;
  readonly status: number;
  readonly ms: number;
  /** In what it differs from what was expected; empty when in nothing. */
  readonly surprise: string;
}

const HEADINGS = ['call', 'verdict', 'rule or reason', 'answer', 'status', 'ms'] as const;
const NUMBERS_FROM = 4;
const GAP = '  ';
const VERDICT_COLOUR = { allowed: 'green', blocked: 'yellow', unknown: 'red' } as const;

/** Rows under headings, columns as wide as their widest text; `!` before a row that came out otherwise than expected. */
export function renderTable(rows: readonly Row[], colours: boolean): string {
  const cells = rows.map((row) => [
    row.call,
    row.verdict,
    row.rule,
    row.over,
    row.status === 0 ? '-' : String(row.status),
    row.ms.toFixed(1),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((line) => line[column]?.length ?? 0)),
  );
  const align = (line: readonly string[]) =>
    line.map((text, column) => {
      const width = widths[column] ?? 0;
      return column < NUMBERS_FROM ? text.padEnd(width) : text.padStart(width);
    });
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colours ? styleText(style, text, { validateStream: false }) : text;

  const head = `  ${paint('bold', align(HEADINGS).join(GAP))}`;
  const body = cells.map((line, index) => {
    const row = rows[index];
    const [call = '', verdict = '', ...rest] = align(line);
    const mark = row?.surprise === '' ? '  ' : paint('red', '! ');
    return mark + [call, paint(VERDICT_COLOUR[row?.verdict ?? 'unknown'], verdict), ...rest].join(GAP);
  });
  return [head, ...body].join('\n');
}
