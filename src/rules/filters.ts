import type { AcceptList, RuleSpec } from './accept-list.ts';
import type { Auth, ConditionSpec } from './rule-schema.ts';
import { maskLiterals } from './template.ts';

/** The accept list in the form `identify` carries it: plain objects in the grammar of the file. */
export interface IdentifyFilters {
  readonly public: readonly Readonly<Record<string, unknown>>[];
  readonly private: readonly Readonly<Record<string, unknown>>[];
}

/**
 * What the broker server is told of the accept list and shows at `/connection-status`. Logins keep their `${NAME}`s;
 * what is written out in them is masked.
 */
export const identifyFilters = (list: AcceptList): IdentifyFilters => ({
  public: list.public.map(plainRule),
  private: list.private.map(plainRule),
});

/** One rule in that form. */
export function plainRule(spec: RuleSpec): Readonly<Record<string, unknown>> {
  const { comment, id, purpose, permission, method, path, origin, auth, valid } = spec;
  return {
    ...(comment === null ? {} : { '//': comment }),
    id,
    ...(purpose === null ? {} : { purpose }),
    ...(permission === null ? {} : { permission }),
    method,
    path,
    ...(origin === null ? {} : { origin: maskLogin(origin) }),
    ...(auth === null ? {} : { auth: maskAuth(auth) }),
    ...(valid.length === 0 ? {} : { valid: valid.map(plainCondition) }),
  };
}

function plainCondition({ kind: _, ...entry }: ConditionSpec): Readonly<Record<string, unknown>> {
  return entry;
}

/** A login of which nothing is left but the names of variables. */
export function maskAuth(auth: Auth): Readonly<Record<string, string>> {
  const { scheme, ...secrets } = auth;
  return {
    scheme,
    ...Object.fromEntries(Object.entries(secrets).map(([name, value]) => [name, maskLiterals(value)])),
  };
}

/** Masks what stands before an `@`, wherever a server might look for a login. */
export const maskLogin = (origin: string): string =>
  origin.replace(
    /^((?:\$\{[^}]*\}|[^:/${}]+):\/\/)?(.*)@/s,
    (_, start: string | undefined, login: string) =>
      `${start ?? ''}${login.split(':').map(maskLiterals).join(':')}@`,
  );
