import type { Problem } from '../errors.ts';
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

export interface LoginSources {
  readonly configured: readonly ConfiguredCredential[];
  /** The values of `${NAME}`: one, or a pool in order; none when it is not set. */
  credentials(name: string): readonly Revealable[];
  readonly log: Log;
}

const VARIABLE = /\$\{([^}]*)\}/g;
/** What an `Authorization` header cannot hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const NOT_IN_A_HEADER = /[\x00-\x1f\x7f]/;

/** Turns the `auth` of rules into logins. Rules that say the same share one login, and with it its resting credentials. */
export class Logins {
  readonly #sources: LoginSources;
  readonly #pools = new Map<string, Login>();

  constructor(sources: LoginSources) {
    this.#sources = sources;
  }

  /** @returns the login, or what is wrong with the template; `where` names the rule in it */
  resolve(auth: AuthTemplate, where: string): Login | Problem {
    const credentials = auth.scheme === 'bitbucket' ? this.#configured() : this.#filled(auth, where);
    if (!Array.isArray(credentials)) return credentials as Problem;
    const illegal = credentials.find(({ authorization }) => NOT_IN_A_HEADER.test(authorization));
    if (illegal !== undefined) {
      return {
        where,
        reason: `${illegal.name} has a control character in it`,
        example: 'a value of one line',
      };
    }
    const key = credentials.map(({ authorization }) => authorization).join('\n');
    const pool = this.#pools.get(key) ?? new LoginPool(credentials, this.#sources.log);
    this.#pools.set(key, pool);
    return pool;
  }

  #configured(): Credential[] {
    return this.#sources.configured.map((credential) => ({
      name: credential.name,
      authorization:
        credential.kind === 'bearer'
          ? `Bearer ${credential.token.reveal()}`
          : basic(`${credential.username.reveal()}:${credential.password.reveal()}`),
    }));
  }

  #filled(auth: Exclude<AuthTemplate, { scheme: 'bitbucket' }>, where: string): Credential[] | Problem {
    const text = 'token' in auth ? auth.token : `${auth.username}:${auth.password}`;
    const names = [...text.matchAll(VARIABLE)].map((match) => match[1] as string);
    const values = new Map(names.map((name) => [name, this.#sources.credentials(name)]));
    for (const [name, pool] of values) {
      if (pool.length === 0) {
        const reason = `its auth uses \${${name}}, which is not set`;
        return { where, reason, example: `set ${name}, or use "auth": {"scheme": "bitbucket"}` };
      }
    }
    const count = Math.max(1, ...[...values.values()].map((pool) => pool.length));
    return Array.from({ length: count }, (_, index) => ({
      name: credentialName(names, count, index),
      authorization: authorization(auth.scheme, fill(text, values, index)),
    }));
  }
}

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
