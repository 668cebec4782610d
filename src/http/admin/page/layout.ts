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

/** Names and values, side by side where there is room; `wide` ones alone. A value of `null` is left out. */
export function facts(entries: readonly (readonly [name: string, value: Shown, width?: 'wide'])[]): Html {
  const rows = entries
    .filter(([, value]) => value !== null)
    .map(
      ([name, value, width]) =>
        html`<div${width && html` class="across"`}><dt>${name}</dt><dd>${value}</dd></div>\n`,
    );
  return html`<dl class="facts">${rows}</dl>`;
}

export interface Column<Row> {
  readonly name: string;
  /** `figures` stand to the right, `long` texts may be broken anywhere. */
  readonly kind?: 'figures' | 'long';
  readonly cell: (row: Row) => Shown;
}

export interface TableOptions<Row> {
  /** For those who cannot see what it is a table of. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** On a phone its cells stand one after the other, without their names. */
  readonly compact?: boolean;
}

/** A table that becomes a list of cards on a phone, where each cell says what it is. */
export function table<Row>({ caption, columns, rows, compact = false }: TableOptions<Row>): Html {
  const kindOf = ({ kind }: Column<Row>) => kind && html` class="${kind}"`;
  const head = columns.map((column) => html`<th scope="col"${kindOf(column)}>${column.name}</th>`);
  const body = rows.map((row) => {
    const cells = columns.map(
      (column) => html`<td data-name="${column.name}"${kindOf(column)}><div>${column.cell(row)}</div></td>`,
    );
    return html`<tr>${cells}</tr>\n`;
  });
  return html`<table${compact && html` class="compact"`}>
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
