import { type ListedRule, listRules, type RuleUsage } from '../../rules/listing.ts';
import { EXIT, ending } from '../ending.ts';
import { textTable } from '../text-table.ts';
import { csv, markdownTable, markdownText, shown, tableCode } from './formats.ts';
import { loadList } from './load.ts';

export interface ListOptions {
  readonly accept?: string;
  readonly format: 'table' | 'json' | 'csv' | 'md';
}

const COLUMNS = ['id', 'method', 'path', 'purpose', 'from', 'permission', 'hits'] as const;

/**
 * `bitbucket-agent rules list`: the rules in force.
 *
 * @param usage hits by rule id; `null`: not known
 */
export function list(
  options: ListOptions,
  usage: ReadonlyMap<string, RuleUsage> | null = null,
): Promise<void> {
  return ending(async () => {
    const { rules, shippedWith } = loadList(options.accept);
    process.stdout.write(listText(listRules(rules, { shippedWith, usage }), options.format));
    return EXIT.ok;
  }, EXIT.defect);
}

/** The list in one of its formats. */
export function listText(listed: readonly ListedRule[], format: ListOptions['format']): string {
  if (format === 'json') return `${JSON.stringify(listed, null, 2)}\n`;
  if (format === 'csv') {
    const columns = ['list', ...COLUMNS, 'last_at'];
    return csv([
      columns,
      ...listed.map((rule) => [rule.list, ...cells(rule).map(shown), rule.lastAt ?? '-']),
    ]);
  }
  if (format === 'md') {
    const rows = listed.map((rule) =>
      cells(rule).map((cell, column) => (column < 3 ? tableCode(cell) : markdownText(cell))),
    );
    return `${markdownTable(COLUMNS, rows)}\n`;
  }
  return `${textTable(
    COLUMNS,
    listed.map((rule) => cells(rule).map(shown)),
  )}\n`;
}

function cells(rule: ListedRule): string[] {
  const { id, method, path, purpose, from, permission, hits } = rule;
  const off = rule.writesOff ? ' (writes off)' : '';
  return [
    id,
    `${method}${off}`,
    path,
    purpose ?? '-',
    from,
    permission ?? '-',
    hits === null ? '-' : String(hits),
  ];
}
