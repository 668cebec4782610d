import { parsePattern } from './path-pattern.ts';

/** How far a path is from a rule's pattern. */
export interface PathMiss {
  /** Quotes the rule, and counts the call's segments. */
  readonly detail: string;
  /** The higher, the nearer. */
  readonly nearness: number;
}

/** Of a path that does not fit a rule's pattern: where it leaves it. */
export function pathMiss(rulePath: string, path: string): PathMiss {
  const { leading, tail } = parsePattern(rulePath);
  const given = segmentsOf(path);
  return {
    detail: detailOf(rulePath, leading, tail.kind === 'none', given),
    nearness: nearnessOf(leading, tail.kind === 'none', given),
  };
}

function detailOf(
  rulePath: string,
  leading: readonly (string | null)[],
  whole: boolean,
  given: readonly string[],
): string {
  const written = rulePath.split('/').slice(1);
  const wrong = leading.findIndex(
    (wanted, at) => wanted !== null && at < given.length && wanted !== given[at],
  );
  if (wrong >= 0) return `segment ${wrong + 1} of the path must be ${JSON.stringify(written[wrong])}`;
  if (given.length < leading.length || whole) {
    const count = `${leading.length}${whole ? '' : ' or more'}`;
    return `the rule's path has ${count} segments, the call's ${given.length}`;
  }
  const rest = `/${written.slice(leading.length).join('/')}`;
  return `from segment ${leading.length + 1} on, the path must fit ${JSON.stringify(rest)}`;
}

function nearnessOf(leading: readonly (string | null)[], whole: boolean, given: readonly string[]): number {
  let nearness = 0;
  for (const [at, wanted] of leading.entries()) {
    if (at >= given.length) nearness -= 2;
    else if (wanted === null) nearness += 1;
    else nearness += wanted === given[at] ? 3 : -2;
  }
  return whole ? nearness - 2 * Math.max(0, given.length - leading.length) : nearness;
}

/** In lower case, without the slash at the end. */
function segmentsOf(path: string): string[] {
  const trimmed = path.toLowerCase().replace(/\/$/, '');
  return trimmed === '' ? [] : trimmed.split('/').slice(1);
}
