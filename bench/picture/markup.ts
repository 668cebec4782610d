import { shownText } from '../../src/shown-text.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const LONGEST_TEXT = 500;

/** A text as it may stand in XML, between tags and in attributes; without characters that XML forbids. */
export const escaped = (text: string): string =>
  shownText(text, LONGEST_TEXT).replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '');

/** One SVG element. Numbers of its attributes are coordinates, and rounded to hundredths; `children` is markup. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`);
  const inside = children.join('');
  return inside === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${inside}</${name}>`;
}

function attribute(value: string | number): string {
  if (typeof value === 'string') return escaped(value);
  if (!Number.isFinite(value)) throw new Error(`${value} is no coordinate`);
  return String(Math.round(value * 100) / 100);
}

/** Where a text ends or begins. */
export type Anchor = 'start' | 'middle' | 'end';

/** A line of text; `kind` is a class of the sheet. */
export const textAt = (x: number, y: number, text: string, anchor: Anchor = 'start', kind = ''): string =>
  element(
    'text',
    {
      x,
      y,
      ...(anchor === 'start' ? {} : { 'text-anchor': anchor }),
      ...(kind === '' ? {} : { class: kind }),
    },
    escaped(text),
  );

/** A straight line; `kind` is a class of the sheet. */
export const lineAt = (x1: number, y1: number, x2: number, y2: number, kind: string): string =>
  element('line', { x1, y1, x2, y2, class: kind });
