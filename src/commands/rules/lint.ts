import { shown } from '../../rules/formats.ts';
import type { Finding } from '../../rules/lint/finding.ts';
import { lint as lintRules } from '../../rules/lint/lint.ts';
import { EXIT, ending } from '../ending.ts';
import { type Read, readList } from './load.ts';

export interface LintOptions {
  readonly accept?: string;
  readonly format: 'text' | 'json';
}

/** `bitbucket-agent rules lint`: what a careful reader would say. Exit code 1 where there is an error. */
export function lint(options: LintOptions): Promise<void> {
  return ending(async () => {
    const findings = findingsOf(readList(options.accept));
    process.stdout.write(lintText(findings, options.format));
    return findings.some(({ level }) => level === 'error') ? EXIT.no : EXIT.ok;
  }, EXIT.defect);
}

/** The findings of a list that was read. */
export function findingsOf({ config, loaded, isSet }: Read): Finding[] {
  const { origin, pathname } = new URL(config.bitbucket.baseUrl);
  const { path: file, text } = config.accept;
  const bitbucket = { origin, basePath: pathname.replace(/\/$/, '') };
  return lintRules({ file, text, loaded, bitbucket, allowWrites: config.allowWrites, isSet });
}

/** Findings in one of their formats. */
export function lintText(findings: readonly Finding[], format: LintOptions['format']): string {
  const counts = (['error', 'warn', 'info'] as const).map((level) => ({
    level,
    count: findings.filter((finding) => finding.level === level).length,
  }));
  if (format === 'json') {
    const summary = Object.fromEntries(counts.map(({ level, count }) => [level, count]));
    return `${JSON.stringify({ summary, findings }, null, 2)}\n`;
  }
  const lines = findings.map(({ level, code, where, ruleId, text, suggestion }) => {
    const of = ruleId === null ? '' : ` ${ruleId}`;
    return `${level.toUpperCase().padEnd(5)} ${code}${shown(of)}: ${shown(text)}\n      ${shown(where)}\n      ${shown(suggestion)}\n`;
  });
  const [errors, warnings, notes] = counts.map(({ count }) => count);
  return `${lines.join('')}errors: ${errors}, warnings: ${warnings}, notes: ${notes}\n`;
}
