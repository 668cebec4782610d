import type { Auth } from '../../rules/rule-schema.ts';
import type { Rule } from '../../rules/verdict.ts';

/** How a rule may see a call: from the REST API, or from Bitbucket's base URL. */
export const VIEWS = ['', '/rest/api/1.0', '/rest/api/latest'] as const;

/** What a rule for one more call would have in common with those that are there. */
interface Pattern {
  readonly origin: string;
  /** What stands before the call's path in the rule. */
  readonly view: string;
  readonly auth: Auth | null;
}

/**
 * Makes the rule that is missing for a call, as JSON: with the origin and the login of a rule that reaches the REST API,
 * where there is one. A secret that stands in the accept list itself is not repeated.
 *
 * @param addresses where the REST API is, as rules' origins are written; the first one is `BITBUCKET_API`
 */
export function ruleSuggestion(
  rules: readonly Rule[],
  addresses: readonly string[],
): (path: string) => string {
  const { origin, view, auth } = patternOf(rules, addresses);
  return (path) =>
    JSON.stringify({ method: 'GET', path: view + path, origin, ...(auth === null ? {} : { auth }) });
}

function patternOf(rules: readonly Rule[], addresses: readonly string[]): Pattern {
  const [api = ''] = addresses;
  const written = (address: string) =>
    address === api ? `${api.slice(0, api.indexOf(':'))}://\${BITBUCKET_API}` : address;
  const found = rules.flatMap(({ origin, basePath, auth }) =>
    VIEWS.filter((view) => addresses.includes(origin + basePath + view)).map((view) => ({
      ...{ origin: written(origin + basePath), view, auth },
    })),
  );
  const told = found.find(({ auth }) => auth !== null && isTellable(auth));
  if (told !== undefined) return told;
  const [first = { origin: written(api), view: '' }] = found;
  const open = found.length > 0 && found.every(({ auth }) => auth === null);
  return { ...first, auth: open ? null : { scheme: 'bitbucket' } };
}

const VARIABLES = /^(?:\$\{[^}]*\}:?)+$/;

function isTellable(auth: Auth): boolean {
  if (auth.scheme === 'bitbucket') return true;
  return VARIABLES.test('token' in auth ? auth.token : auth.password);
}
