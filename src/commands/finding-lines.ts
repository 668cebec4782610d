import { styleText } from 'node:util';
import { countsOf, type Finding, type Verdict } from '../doctor/finding.ts';

const COLOURS = { PASS: 'green', WARN: 'yellow', FAIL: 'red', SKIP: 'gray' } as const satisfies Record<
  Verdict,
  string
>;
const VERDICT_WIDTH = 6;

/**
 * Findings for a person: one line each, what to do on the lines below, and the counts at the end.
 *
 * @param stream where they go: coloured on a terminal, unless `NO_COLOR` is set
 */
export function findingLines(findings: readonly Finding[], stream: NodeJS.WriteStream): string {
  const width = Math.max(...findings.map(({ check }) => check.length)) + 2;
  const margin = ' '.repeat(VERDICT_WIDTH + width);
  const indented = (text: string) => text.replaceAll('\n', `\n${margin}`);
  const lines = findings.flatMap(({ check, verdict, what, todo }) => [
    `${styleText(COLOURS[verdict], verdict, { stream })}  ${check.padEnd(width)}${indented(what)}`,
    ...(todo === undefined ? [] : [margin + indented(todo)]),
  ]);
  const counts = Object.entries(countsOf(findings)).map(([verdict, count]) => `${count} ${verdict}`);
  return [...lines, '', counts.join(', ')].join('\n');
}
