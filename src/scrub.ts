/** A value that prints as a mask; `reveal` hands it out. */
export interface Revealable {
  reveal(): string;
}

export const NO_SECRETS: readonly Revealable[] = [];

/** Shorter spellings are not searched for: replacing one letter would mangle every text. */
const SHORTEST_SCRUBBED = 8;

/** A secret's first letters at the end of a text that was cut; fewer tell nothing. */
const SHORTEST_BEGINNING = 4;

/**
 * Takes secrets out of a text.
 *
 * @param cut the text is the beginning of a longer one: the beginning of a secret at its end goes too
 */
export type Scrubber = (text: string, cut?: boolean) => string;

/**
 * Replaces secrets in a text, raw, percent-encoded, base64 or JSON-escaped, by `[secret]`: the second line of defence,
 * for texts that others wrote.
 *
 * @param secrets asked at each text, since some are read late; must give the same list as long as nothing is new
 * @param shortest spellings of fewer characters are not searched for
 */
export function scrubber(secrets: () => readonly Revealable[], shortest = SHORTEST_SCRUBBED): Scrubber {
  let known = NO_SECRETS;
  let needles: readonly string[] = [];
  return (text, cut = false) => {
    const current = secrets();
    if (current !== known) {
      known = current;
      needles = spellingsOf(current, shortest);
    }
    let scrubbed = text;
    for (const needle of needles) {
      if (scrubbed.includes(needle)) scrubbed = scrubbed.replaceAll(needle, '[secret]');
    }
    return cut ? withoutBeginning(scrubbed, needles) : scrubbed;
  };
}

/**
 * The same value with every text in it scrubbed. For plain data without cycles.
 *
 * @param name what becomes of names of fields; left out: they stay
 */
export function scrubbedTexts<Value>(
  value: Value,
  scrub: (text: string) => string,
  name: (text: string) => string = (text) => text,
): Value {
  const clean = (one: unknown): unknown => {
    if (typeof one === 'string') return scrub(one);
    if (Array.isArray(one)) return one.map(clean);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [name(key), clean(inner)]));
  };
  return clean(value) as Value;
}

function withoutBeginning(text: string, needles: readonly string[]): string {
  for (const needle of needles) {
    for (let length = needle.length - 1; length >= SHORTEST_BEGINNING; length -= 1) {
      if (text.endsWith(needle.slice(0, length))) return `${text.slice(0, -length)}[secret]`;
    }
  }
  return text;
}

/** The forms in which secrets can stand in somebody's text. */
function spellingsOf(secrets: readonly Revealable[], shortest: number): string[] {
  const texts = secrets.map((secret) => secret.reveal());
  const forms = texts.flatMap((text) => [
    text,
    ...percentEncoded(text),
    Buffer.from(text).toString('base64'),
    Buffer.from(text).toString('base64').replace(/=+$/, ''),
    Buffer.from(text).toString('base64url'),
    JSON.stringify(text).slice(1, -1),
  ]);
  // The longest first: one may be a part of another.
  return [...new Set(forms)]
    .filter(({ length }) => length >= shortest)
    .toSorted((one, other) => other.length - one.length);
}

/** As in a query, as in a path, as in a form; each with hexadecimal digits in upper and in lower case. */
function percentEncoded(text: string): string[] {
  const formed = text.toWellFormed();
  const inQuery = encodeURIComponent(formed);
  const forms = [inQuery, encodeURI(formed), inQuery.replaceAll('%20', '+')];
  return [...forms, ...forms.map((form) => form.replace(/%../g, (code) => code.toLowerCase()))];
}
