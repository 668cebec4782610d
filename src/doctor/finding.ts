/** `SKIP`: not looked at, because something it needs is not there. Only `FAIL` makes the command end with 1. */
export type Verdict = 'PASS' | 'WARN' | 'FAIL' | 'SKIP';

/** What one look came to. */
export interface Result {
  readonly verdict: Verdict;
  /** One line, safe to show. */
  readonly what: string;
  /** What the person who reads it should do. */
  readonly todo?: string;
  /** The same for programs; no secret. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A result and the check it is of. */
export interface Finding extends Result {
  readonly check: string;
}

type Data = NonNullable<Result['data']>;

const result = (verdict: Verdict, what: string, todo?: string, data?: Data): Result => ({
  verdict,
  what,
  ...(todo === undefined ? {} : { todo }),
  ...(data === undefined ? {} : { data }),
});

export const pass = (what: string, data?: Data): Result => result('PASS', what, undefined, data);
export const warn = (what: string, todo: string, data?: Data): Result => result('WARN', what, todo, data);
export const fail = (what: string, todo: string, data?: Data): Result => result('FAIL', what, todo, data);
export const skip = (what: string): Result => result('SKIP', what);

/** How many findings of each verdict there are. */
export function countsOf(findings: readonly Result[]): Readonly<Record<Verdict, number>> {
  const counts = { PASS: 0, WARN: 0, FAIL: 0, SKIP: 0 };
  for (const { verdict } of findings) counts[verdict] += 1;
  return counts;
}
