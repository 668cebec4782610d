import { shownText } from '../../shown-text.ts';

/** Markup that is ready to be sent; only `html` makes it. */
class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Html = Markup;

/** What may stand in a template. Nothing is shown for `null`, `undefined` and `false`. */
export type Shown = Html | string | number | null | undefined | false | readonly Shown[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Most texts: printable ASCII without anything to escape. */
const HARMLESS = /^[ !#-%(-;=?-~]*$/;

/**
 * Markup from a template. Everything put into it is text: escaped, with control and direction characters replaced, so
 * that it means nothing between tags or in a quoted attribute. Only what `html` itself has made goes in as it is.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Shown[]): Html {
  let text = parts[0] ?? '';
  for (const [index, value] of values.entries()) text += shown(value) + (parts[index + 1] ?? '');
  return new Markup(text);
}

function shown(value: Shown): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return HARMLESS.test(value) ? value : escaped(value);
  return value.map(shown).join('');
}

const escaped = (text: string): string =>
  shownText(text, Number.POSITIVE_INFINITY).replace(/[&<>"']/g, (one) => ENTITIES[one] ?? '');
