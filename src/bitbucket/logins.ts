import { ConfigError } from '../errors.ts';
import type { Log } from '../log.ts';
import { LoginPool } from './login-pool.ts';
import type { Credential, Login } from './send.ts';

/** A rule's `auth` as the accept list has it: texts in which `${NAME}` stands for a variable. */
export type AuthTemplate =
  | { readonly scheme: 'bitbucket' }
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'basic' | 'bearer' | 'token' | 'raw'; readonly token: string };

/** A value that must not be printed; `reveal` hands it out. */
interface Revealable {
  reveal(): string;
}

/** The configured way to log in at Bitbucket. */
export type ConfiguredCredential =
  | {
      readonly kind: 'basic';
      readonly name: string;
      readonly username: Revealable;
      readonly password: Revealable;
    }
  | { readonly kind: 'bearer'; readonly name: string; readonly token: Revealable };

/** Where the values of logins come from. */
export interface LoginSources {
  readonly configured: readonly ConfiguredCredential[];
  /**
   * The values of `${NAME}`: one, or a pool in order; none when it is not set.
   * @throws ConfigError when what it is set to cannot be used
   */
  credentials(name: string): readonly Revealable[];
}

/** Why a rule cannot log in. */
export interface LoginFlaw {
  /** The variable to blame, without `_POOL` and `_FILE`. */
  readonly variable: string;
  /** What the operator set, as told; `null` when it is for the rule to say. */
  readonly where: string | null;
  readonly reason: string;
  readonly example: string;
}

const VARIABLE = /\$\{([^}]*)\}/g;
/** What an `Authorization` header cannot hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NOT_IN_A_HEADER = /[\x00-\x1f\x7f]/;

/** Turns the `auth` of rules into logins. Rules that say the same share one login, and with it its resting credentials. */
export class Logins {
  readonly #sources: LoginSources;
  readonly #log: Log;
  readonly #pools = new Map<string, Login>();

  constructor(sources: LoginSources, log: Log) {
    this.#sources = sources;
    this.#log = log;
  }

  /** @param auth one that {@link loginFlaws} finds nothing wrong with */
  resolve(auth: AuthTemplate): Login {
    const credentials = credentialsOf(auth, this.#sources);
    const key = credentials.map(({ authorization }) => authorization).join('\n');
    const pool = this.#pools.get(key) ?? new LoginPool(credentials, this.#log);
    this.#pools.set(key, pool);
    return pool;
  }

  /** The credentials that `resolve` takes in turn, in their order. */
  credentials(auth: AuthTemplate): readonly Credential[] {
    return credentialsOf(auth, this.#sources);
  }
}

/** All that is wrong with the variables an `auth` names; nothing when it can be used. */
export function loginFlaws(auth: AuthTemplate, sources: LoginSources): LoginFlaw[] {
  const unusable = namesIn(auth).flatMap((variable) => variableFlaws(variable, sources));
  if (unusable.length > 0) return unusable;
  const illegal = credentialsOf(auth, sources).find(({ authorization: text }) => NOT_IN_A_HEADER.test(text));
  if (illegal === undefined) return [];
  const reason = `${illegal.name} has a control character in it`;
  const variable = illegal.name.replace(/_POOL\[\d+\]$/, '');
  return [{ variable, where: null, reason, example: 'a value of one line' }];
}

function variableFlaws(variable: string, sources: LoginSources): LoginFlaw[] {
  try {
    if (sources.credentials(variable).length > 0) return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => ({ ...problem, variable }));
    throw error;
  }
  const reason = `auth uses \${${variable}}, which is not set`;
  return [
    { variable, where: null, reason, example: `set ${variable}, or use "auth": {"scheme": "bitbucket"}` },
  ];
}

function credentialsOf(auth: AuthTemplate, sources: LoginSources): Credential[] {
  if (auth.scheme === 'bitbucket') return sources.configured.map(configured);
  const names = namesIn(auth);
  const values = new Map(names.map((name) => [name, sources.credentials(name)]));
  const count = Math.max(1, ...[...values.values()].map((pool) => pool.length));
  return Array.from({ length: count }, (_, index) => ({
    name: credentialName(names, count, index),
    authorization: authorization(auth.scheme, fill(textOf(auth), values, index)),
  }));
}

function configured(credential: ConfiguredCredential): Credential {
  const { name } = credential;
  return credential.kind === 'bearer'
    ? { name, authorization: `Bearer ${credential.token.reveal()}` }
    : { name, authorization: basic(`${credential.username.reveal()}:${credential.password.reveal()}`) };
}

type FilledTemplate = Exclude<AuthTemplate, { scheme: 'bitbucket' }>;

const textOf = (auth: FilledTemplate): string =>
  'token' in auth ? auth.token : `${auth.username}:${auth.password}`;

const namesIn = (auth: AuthTemplate): string[] =>
  auth.scheme === 'bitbucket'
    ? []
    : [...new Set(Array.from(textOf(auth).matchAll(VARIABLE), (match) => match[1] as string))];

function credentialName(names: readonly string[], count: number, index: number): string {
  const name = names.at(-1) ?? 'a credential in the accept list';
  return count === 1 ? name : `${name}_POOL[${index + 1}]`;
}

const fill = (text: string, values: ReadonlyMap<string, readonly Revealable[]>, index: number): string =>
  text.replaceAll(VARIABLE, (_, name: string) => {
    const pool = values.get(name) ?? [];
    return pool[index % pool.length]?.reveal() ?? '';
  });

function authorization(scheme: 'basic' | 'bearer' | 'token' | 'raw', text: string): string {
  if (scheme === 'basic') return basic(text);
  if (scheme === 'bearer') return `Bearer ${text}`;
  return scheme === 'token' ? `Token ${text}` : text;
}

const basic = (text: string): string => `Basic ${Buffer.from(text, 'utf8').toString('base64')}`;
