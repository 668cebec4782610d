import type { HeaderMap } from '../call.ts';
import { hasValue, parseBodyPath, textAt } from './body-path.ts';
import { compileGlob } from './glob.ts';
import { parseQuery } from './query.ts';
import type { ConditionSpec } from './rule-schema.ts';
import { pathEnd } from './target.ts';

/** The longest text, in characters, that a rule's own regular expression is run on. */
const LONGEST_TESTED = 1_024;
/** The longest query value, in characters, that a glob is held against: several `*` take a power of it. */
const LONGEST_GLOBBED = 256;

/** What a rule's `valid` entries did not find in a call. The words are the rule's, never the call's. */
export interface ConditionMiss {
  readonly aspect: 'query' | 'header' | 'body';
  readonly detail: string;
  /** The query can be read in two ways, so no later rule is asked either, as in the Snyk Broker client. */
  readonly final: boolean;
}

type BodyTest = (json: unknown) => boolean;

interface QueryTest {
  readonly name: string;
  readonly globs: readonly ((value: string) => boolean)[];
  readonly miss: ConditionMiss;
  readonly ambiguous: ConditionMiss;
}

interface HeaderTest {
  readonly name: string;
  readonly values: readonly string[];
  readonly miss: ConditionMiss;
}

/** The `valid` entries of one rule, ready to be asked. */
export interface Conditions {
  readonly body: readonly BodyTest[];
  readonly bodyMiss: ConditionMiss;
  readonly query: readonly QueryTest[];
  readonly headers: readonly HeaderTest[];
}

const BRACKETS: ConditionMiss = {
  aspect: 'query',
  detail: 'the query has parameters in brackets, broken encodings or too many parameters',
  final: true,
};

/** Makes the tests of a rule's `valid` entries; `null` when there are none. They were checked when the list was parsed. */
export function compileConditions(specs: readonly ConditionSpec[]): Conditions | null {
  if (specs.length === 0) return null;
  const body = specs.filter((spec) => spec.kind === 'body-value' || spec.kind === 'body-regex');
  const paths = body.map(({ path }) => `"${path}"`).join(', ');
  return {
    body: body.map(bodyTest),
    bodyMiss: { aspect: 'body', detail: `no body entry is met: ${paths}`, final: false },
    query: specs.filter((spec) => spec.kind === 'query').map(queryTest),
    headers: specs.filter((spec) => spec.kind === 'header').map(headerTest),
  };
}

function bodyTest(spec: Extract<ConditionSpec, { path: string }>): BodyTest {
  const path = parseBodyPath(spec.path);
  if (path === null) return () => false;
  if (spec.kind === 'body-value') return (json) => hasValue(json, path, spec.value);
  const regex = new RegExp(spec.regex);
  return (json) => {
    const text = textAt(json, path);
    return text !== null && text.length <= LONGEST_TESTED && regex.test(text);
  };
}

function queryTest({ queryParam, values }: Extract<ConditionSpec, { kind: 'query' }>): QueryTest {
  const name = `query parameter "${queryParam}"`;
  return {
    name: queryParam,
    globs: values.map(compileGlob),
    miss: { aspect: 'query', detail: `${name} matches none of ${quoted(values)}`, final: false },
    ambiguous: { aspect: 'query', detail: `${name} occurs more than once`, final: true },
  };
}

function headerTest({ header, values }: Extract<ConditionSpec, { kind: 'header' }>): HeaderTest {
  const detail = `header "${header}" has none of the ${values.length} values it must have`;
  return { name: header, values, miss: { aspect: 'header', detail, final: false } };
}

const quoted = (values: readonly string[]): string => values.map((value) => JSON.stringify(value)).join(', ');

/** What conditions look at in one call: the query and the body, read when first asked for and then kept. */
export class Evidence {
  readonly headers: HeaderMap;
  readonly #url: string;
  readonly #body: Buffer | null;
  #query: ReadonlyMap<string, string | null> | null | undefined;
  #json: { readonly value: unknown } | undefined;

  constructor({ url, headers, body }: { url: string; headers: HeaderMap; body: Buffer | null }) {
    this.headers = headers;
    this.#url = url;
    this.#body = body;
  }

  /** See {@link parseQuery}. */
  get query(): ReadonlyMap<string, string | null> | null {
    if (this.#query === undefined) this.#query = parseQuery(this.#url.slice(pathEnd(this.#url) + 1));
    return this.#query;
  }

  /** The body as JSON; `undefined` when there is none or it is not JSON. */
  get json(): unknown {
    this.#json ??= { value: this.#body === null ? undefined : parseJson(this.#body) };
    return this.#json.value;
  }
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Asks a rule's conditions: one met body entry is enough; without one, all query entries must be met; header entries
 * always all. The order and the meaning are those of snyk-broker 5.22.14, but body values are really compared.
 */
export function conditionMiss(conditions: Conditions, evidence: Evidence): ConditionMiss | null {
  const { body, query, headers } = conditions;
  const bodyMet = body.length > 0 && body.some((test) => test(evidence.json));
  if (!bodyMet) {
    const miss = query.length > 0 ? queryMiss(query, evidence.query) : null;
    if (miss !== null) return body.length > 0 && !miss.final ? conditions.bodyMiss : miss;
    if (body.length > 0 && query.length === 0) return conditions.bodyMiss;
  }
  return headers.find((test) => !headerMet(test, evidence.headers))?.miss ?? null;
}

function queryMiss(
  tests: readonly QueryTest[],
  parameters: ReadonlyMap<string, string | null> | null,
): ConditionMiss | null {
  if (parameters === null) return BRACKETS;
  for (const { name, globs, miss, ambiguous } of tests) {
    const value = parameters.get(name);
    if (value === null) return ambiguous;
    const given = value ?? '';
    if (given.length > LONGEST_GLOBBED || !globs.some((matches) => matches(given))) return miss;
  }
  return null;
}

function headerMet({ name, values }: HeaderTest, headers: HeaderMap): boolean {
  const value = headers[name];
  return typeof value === 'string' && value !== '' && values.includes(value);
}
