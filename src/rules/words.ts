import pathToRegexp from 'path-to-regexp';
import { AGENT_ORIGIN } from './agent-origin.ts';
import { maskAuth, maskLogin } from './filters.ts';
import type { Auth, ConditionSpec } from './rule-schema.ts';
import type { Rule } from './verdict.ts';

const ANY_SEGMENT = '[^\\/]+?';
const DOES: Readonly<Record<string, string>> = {
  GET: 'reads',
  HEAD: 'asks whether it is there',
  POST: 'creates or starts',
  PUT: 'creates or replaces',
  PATCH: 'changes',
  DELETE: 'deletes',
  OPTIONS: 'asks what is possible',
  ANY: 'does anything',
};

/** What a method does, as an administrator would say it. */
export function doing({ list, method, writesOff }: Rule): string {
  if (list === 'public') return 'tells Snyk';
  const words = DOES[method] ?? method;
  if (!writesOff) return words;
  return method === 'ANY' ? 'reads (its other methods are off)' : `${words} (off)`;
}

/** A pattern with placeholders in braces: `/projects/{projectKey}/repos`. */
export function placeholders(path: string): string {
  return pathToRegexp
    .parse(path)
    .map((token) => {
      if (typeof token === 'string') return token;
      if (token.asterisk) return `${token.prefix}{anything}`;
      const name = typeof token.name === 'number' ? 'part' : token.name;
      const shape = token.pattern === ANY_SEGMENT ? '' : ` like ${token.pattern}`;
      const count = token.repeat ? ', or several' : '';
      const optional = token.optional ? ', or nothing' : '';
      return `${token.prefix}{${name}${shape}${count}${optional}}`;
    })
    .join('');
}

/** A rule's conditions, a sentence each; none where there are none. */
export function conditionWords(valid: readonly ConditionSpec[]): string[] {
  const bodies = valid.filter((spec) => spec.kind === 'body-value' || spec.kind === 'body-regex');
  const queries = valid.filter((spec) => spec.kind === 'query');
  const headers = valid.filter((spec) => spec.kind === 'header');
  const ofBody = bodies
    .map((spec) =>
      spec.kind === 'body-value'
        ? `${spec.path} is ${JSON.stringify(spec.value)}`
        : `${spec.path} fits the expression ${spec.regex}`,
    )
    .join(', or ');
  const ofQuery = queries
    .map(
      ({ queryParam, values }) =>
        `${queryParam} fits ${values.map((value) => JSON.stringify(value)).join(' or ')}`,
    )
    .join(', and ');
  return [
    ...(ofBody !== '' && ofQuery !== ''
      ? [`In the body ${ofBody}; or else in the query ${ofQuery}.`]
      : [
          ...(ofBody === '' ? [] : [`In the body ${ofBody}.`]),
          ...(ofQuery === '' ? [] : [`In the query ${ofQuery}.`]),
        ]),
    ...headers.map(({ header, values }) => `The header ${header} has one of ${values.length} values.`),
  ];
}

/** Where a rule's calls go, as the file says it; a login in it is masked. */
export function target(origin: string | null, list: 'private' | 'public'): string {
  if (list === 'public') return 'Snyk, through the tunnel';
  if (origin?.toLowerCase() === AGENT_ORIGIN) return 'this agent itself';
  return maskLogin(origin ?? '');
}

/** With which login, by the names of variables only. */
export function loginWords(auth: Auth | null): string {
  if (auth === null) return 'none';
  if (auth.scheme === 'bitbucket') return 'as configured for Bitbucket';
  const { scheme, ...texts } = maskAuth(auth);
  return `${scheme}: ${Object.values(texts).join(', ')}`;
}
