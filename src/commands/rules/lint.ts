import { listFindings } from '../../agent/list-findings.ts';
import { shown } from '../../rules/formats.ts';
import { type Finding, levelCounts } from '../../rules/lint/finding.ts';
import { EXIT, ending } from '../ending.ts';
import { readList } from './load.ts';

export interface LintOptions {
  readonly accept?: string;
  readonly format: 'text' | 'json';
}

/** `bitbucket-agent rules lint`: what a careful reader would say. Exit code 1 where there is an error. */
export function lint(options: LintOptions): Promise<void> {
  return ending(async () => {
    const { config, ...seen } = readList(options.accept);
    const findings = listFindings(config, seen);
    process.stdout.write(lintText(findings, options.format));
    return findings.some(({ level }) => level === 'error') ? EXIT.no : EXIT.ok;
  }, EXIT.defect);
}

/** Findings in one of their formats. */
function lintText(findings: readonly Finding[], format: LintOptions['format']): string {
  const summary = levelCounts(findings);
  if (format === 'json') return `${JSON.stringify({ summary, findings }, null, 2)}\n`;
  const lines = findings.map(({ level, code, where, ruleId, text, suggestion }) => {
    const of = ruleId === null ? '' : ` ${ruleId}`;
    return `${level.toUpperCase().padEnd(5)} ${code}${shown(of)}: ${shown(text)}\n      ${shown(where)}\n      ${shown(suggestion)}\n`;
  });
  const { error, warn, info } = summary;
  return `${lines.join('')}errors: ${error}, warnings: ${warn}, notes: ${info}\n`;
}
