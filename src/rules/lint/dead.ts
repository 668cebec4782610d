import pathToRegexp, { type Key } from 'path-to-regexp';
import { headersOf } from '../example-conditions.ts';
import { globFlaw } from '../glob.ts';
import type { ConditionSpec } from '../rule-schema.ts';
import { LONGEST_PATH, type TargetFlaw, targetFlaw } from '../target.ts';

/** Why no call can ever fit a rule, and what to do; `null` when that cannot be told. */
export interface Death {
  readonly text: string;
  readonly suggestion: string;
}

/** These are flaws wherever in a path they stand. */
const ANYWHERE: ReadonlySet<TargetFlaw> = new Set([
  'path-parameter',
  'fragment',
  'encoded-percent',
  'backslash',
  'control-character',
  'illegal-character',
]);
const MAGIC = /[*?{}[\]!#]/;

/** Looks for what no call can have: in the literal parts of the path, and in the conditions. */
export function deathOf(path: string, valid: readonly ConditionSpec[]): Death | null {
  return pathDeath(path) ?? conditionDeath(valid);
}

function pathDeath(path: string): Death | null {
  const tokens = pathToRegexp.parse(path);
  const texts = tokens.filter((token) => typeof token === 'string');
  if (texts.some((text) => text.includes('?'))) {
    return {
      text: 'no call can fit it: the path has a "?", and the query is never part of the path',
      suggestion: 'Take the query out of path; say in valid, with queryParam, what it must be.',
    };
  }
  if (texts.join('').length > LONGEST_PATH) {
    return {
      text: `no call can fit it: the path is over ${LONGEST_PATH} characters`,
      suggestion: 'Take it out.',
    };
  }
  const flaw = texts.map(flawIn).find((found) => found !== null) ?? wholeSegmentFlaw(tokens);
  if (flaw === null) return null;
  return {
    text: `no call can fit it: such a path is refused before any rule is looked at (${flaw})`,
    suggestion: 'Write the path as calls have it, or take the rule out.',
  };
}

function flawIn(text: string): TargetFlaw | null {
  for (const piece of text.match(/%[0-9a-f]{2}|[^%]/gi) ?? []) {
    const flaw = piece === '/' ? null : targetFlaw(`/x${piece}x`);
    if (flaw !== null && ANYWHERE.has(flaw)) return flaw;
  }
  return null;
}

/** Of a path without placeholders all is known; with some, that a segment between two slashes is a dot segment. */
function wholeSegmentFlaw(tokens: readonly (string | Key)[]): TargetFlaw | null {
  const [only, ...others] = tokens;
  if (typeof only === 'string' && others.length === 0) {
    const trimmed = only.length > 1 && only.endsWith('/') ? only.slice(0, -1) : only;
    return targetFlaw(trimmed);
  }
  return tokens.some((token, index) => {
    if (typeof token !== 'string') return false;
    const next = tokens[index + 1];
    const closed = next === undefined || (typeof next === 'object' && next.prefix === '/');
    return /\/(?:\.|%2e){1,2}\//i.test(closed ? `${token}/` : token);
  })
    ? 'dot-segment'
    : null;
}

function conditionDeath(valid: readonly ConditionSpec[]): Death | null {
  const headers = valid.filter((spec) => spec.kind === 'header');
  const suggestion = 'Name all values in one entry; entries for one name must all be met.';
  if (headersOf(headers) === null) {
    return { text: 'no call can fit it: no value of a header meets all its header entries', suggestion };
  }
  if (valid.some(({ kind }) => kind === 'body-value' || kind === 'body-regex')) return null;
  const queries = valid.filter((spec) => spec.kind === 'query');
  for (const [name, entries] of Map.groupBy(queries, ({ queryParam }) => queryParam)) {
    if (entries.some(({ values }) => values.some((value) => MAGIC.test(value) || globFlaw(value) !== null)))
      continue;
    const [first, ...others] = entries.map(({ values }) => values);
    if (first?.some((value) => others.every((values) => values.includes(value)))) continue;
    const text = `no call can fit it: no value of the query parameter "${name}" meets all its entries`;
    return { text, suggestion };
  }
  return null;
}
