import { htmlText } from '../../rules/formats.ts';
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

const STYLE = `
:root { color-scheme: light dark; --line: #8888; --soft: #8882; }
* { box-sizing: border-box; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .5rem; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 .5rem; }
p { margin: .3rem 0; }
code { font: .92em ui-monospace, monospace; overflow-wrap: break-word; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; min-width: 44rem; }
th, td { border: 1px solid var(--line); padding: .3rem .45rem; text-align: left; vertical-align: top; }
th { background: var(--soft); }
.writes { font-weight: bold; }
.signature td { height: 3.2rem; }
@page { size: A4; margin: 10mm; }
@media print {
  :root { color-scheme: light; }
  body { font-size: 8.5pt; line-height: 1.3; max-width: none; padding: 0; }
  h2 { margin: .8rem 0 .3rem; }
  table { font-size: 7.5pt; min-width: 0; }
  th, td { padding: .15rem .3rem; }
  code { overflow-wrap: anywhere; }
  .wide { overflow: visible; }
  tr, .signed { break-inside: avoid; }
  thead { display: table-header-group; }
}`;

/** The page in HTML: whole in itself, without scripts, for a screen and for A4. */
export function sheetHtml(sheet: Sheet): string {
  const { rules, firewall, hash, date } = sheet;
  const of = (list: 'private' | 'public') => rules.filter((rule) => rule.list === list);
  const rows = firewall.map((row) =>
    [row.direction, row.peer, row.port, row.protocol, row.purpose].map(htmlText),
  );
  const signature = SIGNATURE.map((name) => (name === 'Date' && date !== null ? htmlText(date) : ''));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${TITLE}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${TITLE}</h1>
${summary(sheet)
  .map((text) => `<p>${htmlText(text)}</p>`)
  .join('\n')}
<h2>From Snyk to Bitbucket</h2>
${ruleTable(of('private'))}
<h2>From Bitbucket to Snyk</h2>
${ruleTable(of('public'))}
<h2>What is always refused</h2>
<ul>
${REFUSED_ALWAYS.map((text) => `<li>${htmlText(text)}</li>`).join('\n')}
</ul>
<h2>For the firewall</h2>
${table(FIREWALL_HEADINGS, rows)}
<section class="signed">
<h2>Signed off</h2>
<p>Rules hash: <code>${htmlText(hash)}</code></p>
<p>${htmlText(ABOUT_HASH)}</p>
${table(SIGNATURE, [signature], 'signature')}
</section>
</body>
</html>
`;
}

function ruleTable(rules: readonly SheetRule[]): string {
  if (rules.length === 0) return '<p>Nothing.</p>';
  return table(RULE_HEADINGS, rules.map(ruleRow));
}

function ruleRow(rule: SheetRule): string[] {
  const { purpose, permission, target } = cellsOf(rule);
  return [
    `<code>${breakable(rule.id)}</code>`,
    `<code>${breakable(`${rule.method} ${rule.path}`)}</code>`,
    rule.writes ? `<span class="writes">${htmlText(purpose)}</span>` : htmlText(purpose),
    ...[permission, target].map(htmlText),
  ];
}

/** A line may break before a slash and behind a hyphen. */
const breakable = (text: string): string =>
  htmlText(text).replaceAll(/(?<!<)\/|(?<=-)/g, (at) => `<wbr>${at}`);

/** @param rows HTML */
function table(headings: readonly string[], rows: readonly (readonly string[])[], kind?: string): string {
  const head = headings.map((name) => `<th scope="col">${htmlText(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n');
  const attribute = kind === undefined ? '' : ` class="${kind}"`;
  return `<div class="wide"><table${attribute}>
<thead><tr>${head}</tr></thead>
<tbody>
${body}
</tbody>
</table></div>`;
}
