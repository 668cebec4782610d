const VARIABLE = /\$\{([^}]*)\}/g;

/** The names in a text's `${NAME}`s, in order, each once. */
export function variablesIn(template: string): string[] {
  return [...new Set(Array.from(template.matchAll(VARIABLE), (match) => match[1] as string))];
}

/** Puts values in the place of `${NAME}`; a name without a value is left out. */
export const expand = (template: string, variable: (name: string) => string | undefined): string =>
  template.replace(VARIABLE, (_, name: string) => variable(name) ?? '');

/** Hides what is written out in a text that should hold secrets only by name: `ab${NAME}` becomes `***${NAME}`. */
export const maskLiterals = (template: string): string =>
  template.replace(/(\$\{[^}]*\})|(?:(?!\$\{[^}]*\}).)+/gs, (_, variable?: string) => variable ?? '***');
