import { setTimeout as pause } from 'node:timers/promises';

export interface Deadline {
  readonly timeoutMs: number;
  /** What is waited for, for the message of the error. */
  readonly what: string;
  /** Pause between two looks. Default 25. */
  readonly everyMs?: number;
  /** More to say when the time is over, such as the last lines of a log. */
  readonly detail?: () => string;
}

/**
 * Looks again and again until `look` gives something other than `undefined`, and returns that.
 * An error of `look` is passed on at once; when the time is over an error says what did not come.
 */
export async function until<T>(
  look: () => Promise<T | undefined> | T | undefined,
  deadline: Deadline,
): Promise<T> {
  const end = performance.now() + deadline.timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() >= end) throw new Error(overdue(deadline));
    await pause(deadline.everyMs ?? 25);
  }
}

function overdue({ timeoutMs, what, detail }: Deadline): string {
  const more = detail?.() ?? '';
  return `${what}: not within ${timeoutMs} ms${more === '' ? '' : `\n${more}`}`;
}
