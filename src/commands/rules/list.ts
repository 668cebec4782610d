import { type RuleUse, readUsage } from '../../audit/usage.ts';
import { ConfigError } from '../../errors.ts';
import { csv, markdownTable, markdownText, shown, tableCode } from '../../rules/formats.ts';
import { type ListedRule, listRules, type RuleUsage } from '../../rules/listing.ts';
import { EXIT, ending } from '../ending.ts';
import { textTable } from '../text-table.ts';
import { loadList } from './load.ts';

export interface ListOptions {
  readonly accept?: string;
  readonly format: 'table' | 'json' | 'csv' | 'md';
  /** How many days of the audit trail are counted. */
  readonly days: string;
}

const MOST_DAYS = 3_650;
const COLUMNS = ['id', 'method', 'path', 'purpose', 'from', 'permission', 'hits'] as const;

/** `bitbucket-agent rules list`: the rules in force, with their hits where `STATE_DIR` has an audit trail. */
export function list(options: ListOptions): Promise<void> {
  return ending(async () => {
    const { rules, shippedWith, config } = loadList(options.accept);
    const usage = await hitsOf(config.audit.folder, daysOf(options));
    process.stdout.write(listText(listRules(rules, { shippedWith, usage }), options.format));
    return EXIT.ok;
  }, EXIT.defect);
}

function daysOf({ days }: ListOptions): number {
  const count = /^\d{1,4}$/.test(days) ? Number(days) : 0;
  if (count >= 1 && count <= MOST_DAYS) return count;
  const reason = `is not a whole number from 1 to ${MOST_DAYS}`;
  throw new ConfigError([{ where: 'rules list --days', reason, example: '30' }]);
}

/** `null`: there is no trail. */
async function hitsOf(folder: string, days: number): Promise<ReadonlyMap<string, RuleUsage> | null> {
  const { records, hits } = await readUsage(folder, { days, now: Date.now() });
  if (records === 0) return null;
  const told = ([id, use]: readonly [string, RuleUse]) =>
    [id, { hits: use.hits, lastAt: new Date(use.lastAt).toISOString() }] as const;
  return new Map([...hits].map(told));
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
