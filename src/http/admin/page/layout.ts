import { type Html, html, type Shown } from '../html.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

/** A whole document. `live`: it is refreshed by the script, where there is one. */
export function documentOf(title: string, body: Html, { live = false } = {}): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} – bitbucket-agent</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/status.css">
${live && html`<script src="/status.js" defer></script>`}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${body}
</body>
</html>
`;
  return page.toString();
}

/** A part of the page with a heading of its own. `live`: the refresh may put a newer one in its place. */
export function section(id: string, heading: string, content: Shown, { live = true } = {}): Html {
  return html`<section id="${id}" aria-labelledby="${id}-heading"${live && html` data-live`}>
<h2 id="${id}-heading">${heading}</h2>
${content}
</section>
`;
}

/** One word about a state; it says with its text what its colour says. */
export const badge = (tone: Tone, text: string): Html => html`<span class="badge ${tone}">${text}</span>`;

/** Names and values, side by side where there is room. A value of `null` is left out. */
export function facts(entries: readonly (readonly [string, Shown])[]): Html {
  const rows = entries
    .filter(([, value]) => value !== null)
    .map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`);
  return html`<dl class="facts">${rows}</dl>`;
}

export interface Column<Row> {
  readonly name: string;
  /** Figures stand to the right. */
  readonly figures?: boolean;
  readonly cell: (row: Row) => Shown;
}

/** A table that becomes a list of cards on a phone, where each cell says what it is. */
export function table<Row>(caption: string, columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  const kind = ({ figures = false }: Column<Row>) => figures && html` class="figures"`;
  const head = columns.map((column) => html`<th scope="col"${kind(column)}>${column.name}</th>`);
  const body = rows.map(
    (row) =>
      html`<tr>${columns.map((column) => html`<td data-name="${column.name}"${kind(column)}>${column.cell(row)}</td>`)}</tr>\n`,
  );
  return html`<table>
<caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody>
</table>`;
}

/** A share of 100 as a bar; what it says stands in words beside it. */
export const bar = (percent: number): Html =>
  html`<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="track" width="100" height="6"/><rect class="fill" width="${Math.round(percent * 10) / 10}" height="6"/></svg>`;

/** A choice of several values, of which the first is for none. */
export function choice(
  name: string,
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
): Html {
  const items = options.map(
    ([value, text]) => html`<option value="${value}"${value === chosen && html` selected`}>${text}</option>`,
  );
  return html`<label>${label} <select name="${name}">${items}</select></label>`;
}
