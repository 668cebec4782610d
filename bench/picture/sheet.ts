import { element, escaped, lineAt, textAt } from './markup.ts';

/** How a bar or a line is painted; the contenders have the same colours in all pictures. */
export type Tone = 'agent' | 'official' | 'bare' | 'fourth' | 'fifth' | 'sixth';

/** Units of all pictures. */
export const WIDTH = 780;
export const MARGIN = 24;
const TITLE_SIZE = 17;
const LINE_HEIGHT = 18;

/** It has its own ground, so it can be read on any page. */
const STYLE = [
  'text{font-family:sans-serif;font-size:13px;fill:#1f2328}',
  `.title{font-size:${TITLE_SIZE}px;font-weight:bold}`,
  '.quiet{font-size:12px;fill:#59636e}',
  '.ground{fill:#fff;stroke:#d1d9e0}',
  '.axis{stroke:#818b98}',
  '.grid{stroke:#e3e7eb}',
  '.whisker{stroke:#1f2328;stroke-width:1.5}',
  '.target{stroke:#b3123f;stroke-width:2.5}',
  '.agent{color:#0b62b8}.official{color:#8c959f}.bare{color:#d69a00}',
  '.fourth{color:#2c8a4b}.fifth{color:#8250c8}.sixth{color:#c4501a}',
  '@media(prefers-color-scheme:dark){',
  'text{fill:#f0f3f6}.quiet{fill:#a5afba}.ground{fill:#151b23;stroke:#3d444d}',
  '.axis{stroke:#9198a1}.grid{stroke:#2a313a}.whisker{stroke:#f0f3f6}.target{stroke:#ff7b95}',
  '.agent{color:#4c9df3}.official{color:#7d8590}.bare{color:#e3b341}',
  '.fourth{color:#4fbd70}.fifth{color:#b083f0}.sixth{color:#f0883e}}',
].join('');

export interface SheetOptions {
  readonly title: string;
  /** Small lines below the title. */
  readonly notes: readonly string[];
  /** What is to be seen, for those who do not see it. */
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  /** Paints from `top` on, below the title and the legend. */
  paint(top: number): { readonly markup: readonly string[]; readonly bottom: number };
}

export interface LegendEntry {
  readonly label: string;
  readonly tone: Tone | 'target';
}

/** A whole picture: SVG text, a document of its own. */
export function sheet({ title, notes, description, legend, paint }: SheetOptions): string {
  const first = MARGIN + TITLE_SIZE;
  const head = [textAt(MARGIN, first, title, 'start', 'title')];
  let y = first;
  for (const note of notes) {
    y += LINE_HEIGHT;
    head.push(textAt(MARGIN, y, note, 'start', 'quiet'));
  }
  if (legend.length > 0) {
    const rows = legendRows(legend, y + LINE_HEIGHT + 6);
    head.push(...rows.markup);
    y = rows.bottom;
  }
  const { markup, bottom } = paint(y + 16);
  const height = Math.ceil(bottom + MARGIN);
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: WIDTH,
      height,
      viewBox: `0 0 ${WIDTH} ${height}`,
      role: 'img',
      'aria-labelledby': 'title description',
    },
    element('title', { id: 'title' }, escaped(title)),
    element('desc', { id: 'description' }, escaped(description)),
    element('style', {}, STYLE),
    element('rect', { x: 0.5, y: 0.5, width: WIDTH - 1, height: height - 1, rx: 8, class: 'ground' }),
    ...head,
    ...markup,
  )}\n`;
}

function legendRows(legend: readonly LegendEntry[], top: number): { markup: string[]; bottom: number } {
  const markup: string[] = [];
  let [x, y] = [MARGIN, top];
  for (const { label, tone } of legend) {
    const width = 34 + textWidth(label);
    if (x > MARGIN && x + width > WIDTH - MARGIN) [x, y] = [MARGIN, y + LINE_HEIGHT];
    markup.push(
      tone === 'target'
        ? lineAt(x + 6, y - 11, x + 6, y + 1, 'target')
        : element('rect', { x, y: y - 10, width: 12, height: 11, rx: 2, class: tone, fill: 'currentColor' }),
      textAt(x + 18, y, label),
    );
    x += width;
  }
  return { markup, bottom: y };
}

/** About what a text takes at 13 units of height; there is no font to ask. */
export const textWidth = (text: string): number => [...text].length * 7;

/** The space between a number and what it counts. */
const NUMBER_AND_UNIT = /(?<=\d) (?=(?:[KMG]i?B|[mµn]?s)\b)/g;

/** Words in lines of about that width; a longer word has a line of its own. */
export function folded(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.replace(NUMBER_AND_UNIT, '\u00a0').split(/ +/)) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(`${last} ${word}`) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
