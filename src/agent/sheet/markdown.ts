import { markdownCode, markdownTable, markdownText, tableCode } from '../../rules/formats.ts';
import { REFUSED_ALWAYS, type SheetRule } from '../../rules/sheet.ts';
import {
  ABOUT_HASH,
  cellsOf,
  FIREWALL_HEADINGS,
  RULE_HEADINGS,
  type Sheet,
  SIGNATURE,
  summary,
  TITLE,
} from './words.ts';

/** The page in Markdown. */
export function sheetMarkdown(sheet: Sheet): string {
  const { rules, firewall, hash, date } = sheet;
  const [toBitbucket, toSnyk] = (['private', 'public'] as const).map((list) =>
    rules.filter((rule) => rule.list === list),
  );
  return [
    `# ${TITLE}`,
    ...summary(sheet).map(markdownText),
    '## From Snyk to Bitbucket',
    ruleTable(toBitbucket ?? []),
    '## From Bitbucket to Snyk',
    ruleTable(toSnyk ?? []),
    '## What is always refused',
    REFUSED_ALWAYS.map((text) => `- ${markdownText(text)}`).join('\n'),
    '## For the firewall',
    markdownTable(
      FIREWALL_HEADINGS,
      firewall.map((row) => [row.direction, row.peer, row.port, row.protocol, row.purpose].map(markdownText)),
    ),
    '## Signed off',
    `Rules hash: ${markdownCode(hash)}`,
    ABOUT_HASH,
    markdownTable(SIGNATURE, [
      SIGNATURE.map((name) => (name === 'Date' && date !== null ? markdownText(date) : ' ')),
    ]),
  ]
    .join('\n\n')
    .concat('\n');
}

function ruleTable(rules: readonly SheetRule[]): string {
  if (rules.length === 0) return 'Nothing.';
  const rows = rules.map((rule) => {
    const { purpose, permission, target } = cellsOf(rule);
    const code = [rule.id, `${rule.method} ${rule.path}`].map(tableCode);
    return [...code, ...[purpose, permission, target].map(markdownText)];
  });
  return markdownTable(RULE_HEADINGS, rows);
}
