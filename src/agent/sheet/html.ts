import { type Html, html, type Shown } from '../../http/admin/html.ts';
import { FIREWALL_HEADINGS, RULE_HEADINGS, type RuleRow, type Sheet, SIGNATURE, sheetText } from './words.ts';

const STYLE = html`
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
  const page = sheetText(sheet);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${page.title}</title>
<style>${STYLE}
</style>
</head>
<body>
<h1>${page.title}</h1>
${lines(page.summary.map((text) => html`<p>${text}</p>`))}
<h2>From Snyk to Bitbucket</h2>
${ruleTable(page.toBitbucket)}
<h2>From Bitbucket to Snyk</h2>
${ruleTable(page.toSnyk)}
<h2>What is always refused</h2>
<ul>
${lines(page.refused.map((text) => html`<li>${text}</li>`))}
</ul>
<h2>For the firewall</h2>
${table(FIREWALL_HEADINGS, page.firewall)}
<section class="signed">
<h2>Signed off</h2>
<p>Rules hash: <code>${page.hash}</code></p>
<p>${page.aboutHash}</p>
${table(SIGNATURE, [page.signature], html` class="signature"`)}
</section>
</body>
</html>
`.toString();
}

function ruleTable(rules: readonly RuleRow[]): Html {
  if (rules.length === 0) return html`<p>Nothing.</p>`;
  return table(RULE_HEADINGS, rules.map(ruleCells));
}

const ruleCells = ({ id, call, purpose, permission, target, writes }: RuleRow): Shown[] => [
  html`<code>${breakable(id)}</code>`,
  html`<code>${breakable(call)}</code>`,
  writes ? html`<span class="writes">${purpose}</span>` : purpose,
  permission,
  target,
];

/** A line may break before a slash and behind a hyphen. */
const breakable = (text: string): Shown =>
  text.split(/(?=\/)|(?<=-)/).map((part, index) => (index === 0 ? part : html`<wbr>${part}`));

/** One below the other in the source too. */
const lines = (parts: readonly Html[]): Shown =>
  parts.map((part, index) => (index === 0 ? part : html`\n${part}`));

function table(
  headings: readonly string[],
  rows: readonly (readonly Shown[])[],
  attributes: Html | null = null,
): Html {
  const head = headings.map((name) => html`<th scope="col">${name}</th>`);
  const body = rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`);
  return html`<div class="wide"><table${attributes}>
<thead><tr>${head}</tr></thead>
<tbody>
${lines(body)}
</tbody>
</table></div>`;
}
