import { markdownCode, markdownTable, markdownText, tableCode } from '../../rules/formats.ts';
import { FIREWALL_HEADINGS, RULE_HEADINGS, type RuleRow, type Sheet, SIGNATURE, sheetText } from './words.ts';

/** The page in Markdown. */
export function sheetMarkdown(sheet: Sheet): string {
  const page = sheetText(sheet);
  return [
    `# ${page.title}`,
    ...page.summary.map(markdownText),
    '## From Snyk to Bitbucket',
    ruleTable(page.toBitbucket),
    '## From Bitbucket to Snyk',
    ruleTable(page.toSnyk),
    '## What is always refused',
    page.refused.map((text) => `- ${markdownText(text)}`).join('\n'),
    '## For the firewall',
    markdownTable(
      FIREWALL_HEADINGS,
      page.firewall.map((row) => row.map(markdownText)),
    ),
    '## Signed off',
    `Rules hash: ${markdownCode(page.hash)}`,
    page.aboutHash,
    markdownTable(SIGNATURE, [page.signature.map((text) => markdownText(text) || ' ')]),
  ]
    .join('\n\n')
    .concat('\n');
}

function ruleTable(rules: readonly RuleRow[]): string {
  if (rules.length === 0) return 'Nothing.';
  const rows = rules.map(({ id, call, purpose, permission, target }) => [
    ...[id, call].map(tableCode),
    ...[purpose, permission, target].map(markdownText),
  ]);
  return markdownTable(RULE_HEADINGS, rows);
}
