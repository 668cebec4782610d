import { AgentError } from '../../errors.ts';

/** A value that must not be printed; `reveal` hands it out. */
interface Revealable {
  reveal(): string;
}

/** Shorter ones are looked for in no text: they are no secrets, and every word has them. */
const SHORTEST = 4;
const MASK = '[secret]';

/** Takes secrets out of what leaves in an archive. */
export interface Scrub {
  text(text: string): string;
  /** JSON of a value; its texts are scrubbed one by one, so that it stays JSON. */
  json(value: unknown, indent?: number): string;
  /** The last look. @throws AgentError `INTERNAL` when a secret of some length is still there */
  assertClean(text: string): void;
}

/**
 * Knows secrets raw, percent-encoded, as base64 and as JSON writes them, and any login in a URL.
 *
 * @param shortest spellings of fewer characters are not looked for
 */
export function createScrub(secrets: readonly Revealable[], shortest = SHORTEST): Scrub {
  const needles = spellings(secrets.map((secret) => secret.reveal())).filter(
    ({ length }) => length >= shortest,
  );
  const text = (given: string): string => {
    let clean = given;
    for (const needle of needles) if (clean.includes(needle)) clean = clean.replaceAll(needle, MASK);
    return clean.replace(LOGIN, `$1${MASK}@`);
  };
  return {
    text,
    json: (value, indent) => JSON.stringify(scrubbed(value, text), null, indent),
    assertClean(given) {
      const found = needles.find((needle) => needle.length >= CERTAIN && given.includes(needle));
      if (found !== undefined)
        throw new AgentError('INTERNAL', 'A secret was about to leave in the archive.');
    },
  };
}

/** What long needles are found in is no accident. */
const CERTAIN = 8;
const LOGIN = /([a-z][a-z\d+.-]*:\/\/)[^\s/?#"'<>\\@]+@/gi;

function scrubbed(value: unknown, text: (given: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((one) => scrubbed(one, text));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [text(name), scrubbed(one, text)]));
}

/** The longer ones first, so that none is left half behind another one. */
function spellings(texts: readonly string[]): string[] {
  const forms = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [
      text,
      encodeURIComponent(text.toWellFormed()),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      JSON.stringify(text).slice(1, -1),
    ];
  });
  return [...new Set(forms)].sort((one, other) => other.length - one.length);
}
