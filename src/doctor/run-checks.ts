import { failureCode } from '../errors.ts';
import { type Finding, fail, type Result, skip } from './finding.ts';

/** One thing to look at. */
export interface Check {
  /** Shown before its findings; unique. */
  readonly name: string;
  /** Checks without which this one is skipped: it waits for them, and each must have found something that works. */
  readonly needs?: readonly string[];
  /** Checks that it only waits for. */
  readonly after?: readonly string[];
  /** Milliseconds; default 15 s. */
  readonly limitMs?: number;
  /** What to do when its time is up. */
  readonly late?: string;
  /** @param signal aborted when its time is up or nobody waits any more */
  run(signal: AbortSignal): Promise<readonly Result[]> | readonly Result[];
}

const LIMIT_MS = 15_000;
const LATE = 'See whether a firewall on the way drops packets without an answer.';

/**
 * Runs all checks, those that do not wait for others at the same time. A check that fails, takes too long or breaks stops
 * no other one; those that need it are skipped with its name. What a check names and is not in the list does not count.
 *
 * @param stop gives up what still runs
 * @returns the findings in the order of the checks
 */
export async function runChecks(checks: readonly Check[], stop: AbortSignal): Promise<readonly Finding[]> {
  const results = new Map<string, Promise<readonly Result[]>>();
  const resultsOf = (name: string) => results.get(name) ?? Promise.resolve(NOTHING);
  for (const check of checks) {
    results.set(
      check.name,
      Promise.resolve().then(() => inTurn(check, resultsOf, stop)),
    );
  }
  const found = checks.map(async ({ name }) =>
    (await resultsOf(name)).map((result): Finding => ({ check: name, ...result })),
  );
  return (await Promise.all(found)).flat();
}

const NOTHING: readonly Result[] = [];

async function inTurn(
  check: Check,
  resultsOf: (name: string) => Promise<readonly Result[]>,
  stop: AbortSignal,
): Promise<readonly Result[]> {
  await Promise.all((check.after ?? []).map(resultsOf));
  for (const name of check.needs ?? []) {
    if (!works(await resultsOf(name))) return [skip(`not looked at, as ${name} is not in order`)];
  }
  return limited(check, stop);
}

/** Of several results one is enough, such as one login of a pool that works. */
const works = (results: readonly Result[]): boolean =>
  results.length === 0 || results.some(({ verdict }) => verdict === 'PASS' || verdict === 'WARN');

async function limited(
  { run, limitMs = LIMIT_MS, late: todo = LATE }: Check,
  stop: AbortSignal,
): Promise<readonly Result[]> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, stop]);
  const timer = setTimeout(() => over.abort(), limitMs);
  const gone = new Promise<readonly Result[]>((resolve) => {
    const late = () =>
      resolve([stop.aborted ? skip('was given up') : fail(`took longer than ${limitMs / 1000} s`, todo)]);
    if (signal.aborted) late();
    else signal.addEventListener('abort', late);
  });
  try {
    return await Promise.race([gone, (async () => run(signal))()]);
  } catch (error) {
    return [
      fail(`could not be looked at (${failureCode(error)})`, 'Report this, with the output of doctor.'),
    ];
  } finally {
    clearTimeout(timer);
  }
}
