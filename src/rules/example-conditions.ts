import { braceExpand } from 'minimatch';
import { parseBodyPath } from './body-path.ts';
import { oneAtATime } from './example-path.ts';
import { compileGlob } from './glob.ts';
import { looksExponential } from './lint/slow-pattern.ts';
import type { ConditionSpec } from './rule-schema.ts';

/** What a call must bring besides its method and path. */
export interface ExampleParts {
  /** Empty, or with the `?`. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Spec<Kind extends ConditionSpec['kind']> = Extract<ConditionSpec, { kind: Kind }>;

const TEXTS = ['main', 'x', '1', 'open', 'a/b', 'example', 'abc', 'x.json', 'v1', ''];
const MOST = 4;

/** Parts that may meet a rule's conditions, the plainest first; none where none was found. */
export function exampleParts(specs: readonly ConditionSpec[]): ExampleParts[] {
  const headers = headersOf(specs.filter((spec) => spec.kind === 'header'));
  if (headers === null) return [];
  const queries = specs.filter((spec) => spec.kind === 'query');
  const bodies = specs.filter((spec) => spec.kind === 'body-value' || spec.kind === 'body-regex');
  const byQuery =
    queries.length === 0 && bodies.length > 0
      ? []
      : queriesOf(queries).map((query) => ({ query, headers, body: null }));
  const byBody = bodies.flatMap(bodiesOf).map((body) => ({ query: '', headers, body }));
  return [...byQuery, ...byBody];
}

/** `null` when no value is right for all entries of one header. */
export function headersOf(specs: readonly Spec<'header'>[]): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const [name, entries] of Map.groupBy(specs, ({ header }) => header)) {
    const value = entries[0]?.values.find(
      (candidate) => candidate !== '' && entries.every(({ values }) => values.includes(candidate)),
    );
    if (value === undefined) return null;
    headers[name] = value;
  }
  return headers;
}

function queriesOf(specs: readonly Spec<'query'>[]): string[] {
  const parameters = [...Map.groupBy(specs, ({ queryParam }) => queryParam)].map(([name, entries]) => {
    const tests = entries.map(({ values }) => values.map(compileGlob));
    const candidates = [...entries.flatMap(({ values }) => values.flatMap(fitting)), ...TEXTS];
    return [...new Set(candidates)]
      .filter((value) => tests.every((globs) => globs.some((matches) => matches(value))))
      .slice(0, MOST)
      .map((value) => `${encoded(name)}=${encoded(value)}`);
  });
  return oneAtATime(parameters).map((parts) => (parts.length === 0 ? '' : `?${parts.join('&')}`));
}

/** Values that few globs match. */
const MISFITS = ['zz', 'z/y', 'Z.9', ''];

/**
 * What a rule's query and header conditions refuse, beside calls that lack it all: another value of each, and each
 * parameter twice. `query` is without the `?`.
 */
export function misfitParts(specs: readonly ConditionSpec[]): Omit<ExampleParts, 'body'>[] {
  return specs.flatMap((spec) => {
    if (spec.kind === 'header') {
      const value = MISFITS.find((text) => text !== '' && !spec.values.includes(text));
      return value === undefined ? [] : [{ query: '', headers: { [spec.header]: value } }];
    }
    if (spec.kind !== 'query') return [];
    const globs = spec.values.map(compileGlob);
    const name = encoded(spec.queryParam);
    const values = MISFITS.filter((text) => !globs.some((matches) => matches(text))).slice(0, 1);
    const queries = [...values.map((value) => `${name}=${encoded(value)}`), `${name}=x&${name}=y`];
    return queries.map((query) => ({ query, headers: {} }));
  });
}

const encoded = (text: string): string => encodeURIComponent(text).replaceAll('%2F', '/');

/** Texts that a glob is likely to match. */
const fitting = (glob: string): string[] =>
  braceExpand(glob).flatMap((plain) => {
    const text = plain
      .replace(/^!+/, '')
      .replace(/\[[!^]?([\w.-])[\w.-]*\]/g, '$1')
      .replaceAll('?', 'a');
    return [
      text.replaceAll('**', 'a/b').replaceAll('*', 'main'),
      text.replaceAll('**', 'main').replaceAll('*', 'x'),
    ];
  });

function bodiesOf(spec: Spec<'body-value'> | Spec<'body-regex'>): unknown[] {
  const path = parseBodyPath(spec.path) ?? [];
  const values = spec.kind === 'body-value' ? [spec.value] : matching(spec.regex);
  return values.map((value) =>
    path.reduceRight<unknown>(
      (inner, part) => (part === '*' ? [inner] : Object.fromEntries([[part, inner]])),
      value,
    ),
  );
}

function matching(pattern: string): string[] {
  if (looksExponential(pattern)) return [];
  const regex = new RegExp(pattern);
  const written = pattern.split(/[|()]/).map((part) => part.replace(/^\^|\$$/g, '').replace(/\\(\W)/g, '$1'));
  return [...new Set([...written, ...TEXTS])].filter((text) => regex.test(text)).slice(0, MOST);
}
