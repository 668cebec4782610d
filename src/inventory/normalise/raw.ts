/** A JSON object whose members are not known yet. */
export type Raw = Readonly<Record<string, unknown>>;

/** The value if it is a JSON object, otherwise `null`. */
export function objectOf(value: unknown): Raw | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : null;
}

/** The value if it is a string, otherwise `null`. Halves of surrogate pairs become U+FFFD: no store takes them. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value.toWellFormed() : null;
}

/** A string with something in it, otherwise `null`. */
export function nameOf(value: unknown): string | null {
  return textOf(value) || null;
}

/** Above it a number cannot be doubled and stay exact; Bitbucket's own ids have 32 bits. */
const LARGEST_ID = 2 ** 48;

/** Bitbucket's numeric id, or why there is none. */
export function sourceIdOf(value: unknown): number | 'no-id' | 'bad-id' {
  if (value === undefined || value === null) return 'no-id';
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= LARGEST_ID
    ? Number(value)
    : 'bad-id';
}
