/** A value that prints as a mask; `reveal` hands it out. */
export interface Revealable {
  reveal(): string;
}

export const NO_SECRETS: readonly Revealable[] = [];

/** Shorter secrets are not searched for: replacing one letter would mangle every text. */
const SHORTEST_SCRUBBED = 8;

/**
 * Replaces secrets in a text, raw, percent-encoded, base64 or JSON-escaped, by `[secret]`: the second line of defence,
 * for texts that others wrote.
 *
 * @param secrets asked at each text, since some are read late; must give the same list as long as nothing is new
 */
export function scrubber(secrets: () => readonly Revealable[]): (text: string) => string {
  let known = NO_SECRETS;
  let needles: readonly string[] = [];
  return (text) => {
    const current = secrets();
    if (current !== known) {
      known = current;
      needles = spellingsOf(current);
    }
    let scrubbed = text;
    for (const needle of needles) {
      if (scrubbed.includes(needle)) scrubbed = scrubbed.replaceAll(needle, '[secret]');
    }
    return scrubbed;
  };
}

/** The same value with every text in it scrubbed; names of fields stay. For plain data without cycles. */
export function scrubbedTexts<Value>(value: Value, scrub: (text: string) => string): Value {
  const clean = (one: unknown): unknown => {
    if (typeof one === 'string') return scrub(one);
    if (Array.isArray(one)) return one.map(clean);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, clean(inner)]));
  };
  return clean(value) as Value;
}

/** The forms in which secrets can stand in somebody's text. */
function spellingsOf(secrets: readonly Revealable[]): string[] {
  const texts = secrets.map((secret) => secret.reveal()).filter((text) => text.length >= SHORTEST_SCRUBBED);
  const forms = texts.flatMap((text) => [
    text,
    encodeURIComponent(text),
    Buffer.from(text).toString('base64'),
    JSON.stringify(text).slice(1, -1),
  ]);
  return [...new Set(forms)];
}
