import type { BitbucketCredential } from './config.ts';
import type { Environment } from './environment.ts';
import { Secret } from './secret.ts';

type CredentialVariable = 'BITBUCKET_PAT' | 'BITBUCKET_USERNAME' | 'BITBUCKET_PASSWORD';

/** One value of a variable or its pool. `name` counts pool entries from 1. */
export interface NamedSecret {
  readonly name: string;
  readonly secret: Secret;
}

/** The Bitbucket credentials by the variable they come from. */
export type CredentialValues = Readonly<Record<CredentialVariable, readonly NamedSecret[]>>;

/** Reads values and pools; where both are set the pool is used. */
export function credentialValues(env: Environment): CredentialValues {
  return {
    BITBUCKET_PAT: values(env, 'BITBUCKET_PAT'),
    BITBUCKET_USERNAME: values(env, 'BITBUCKET_USERNAME'),
    BITBUCKET_PASSWORD: values(env, 'BITBUCKET_PASSWORD'),
  };
}

/** Tokens when there is one, else user names with passwords. */
export function bitbucketCredentials(env: Environment, given: CredentialValues): BitbucketCredential[] {
  const { BITBUCKET_PAT: tokens, BITBUCKET_USERNAME: users, BITBUCKET_PASSWORD: passwords } = given;
  const problemsBefore = env.problems.some(({ where }) => /^BITBUCKET_(PAT|USERNAME|PASSWORD)/.test(where));
  if (problemsBefore) return [];
  if (tokens.length > 0) {
    const unused = [...users, ...passwords].map(({ name }) => name.replace(/\[.*/, ''));
    if (unused.length > 0) {
      env.warnings.push(
        `Bitbucket is called with the access token; not used: ${[...new Set(unused)].join(', ')}.`,
      );
    }
    return tokens.map(({ name, secret }) => ({ kind: 'bearer', name, token: secret }));
  }
  return logins(env, users, passwords);
}

function logins(
  env: Environment,
  users: readonly NamedSecret[],
  passwords: readonly NamedSecret[],
): BitbucketCredential[] {
  const [firstUser] = users;
  if (firstUser === undefined && passwords.length === 0) {
    env.problem('BITBUCKET_PAT', 'is not set, and neither are BITBUCKET_USERNAME and BITBUCKET_PASSWORD');
    return [];
  }
  if (firstUser === undefined) {
    env.problem('BITBUCKET_USERNAME', 'is not set, but a password is');
    return [];
  }
  if (passwords.length === 0) {
    env.problem('BITBUCKET_PASSWORD', 'is not set, but a user name is');
    return [];
  }
  if (users.length !== 1 && users.length !== passwords.length) {
    const counts = `${users.length} user names and ${passwords.length} passwords`;
    env.problem(
      'BITBUCKET_PASSWORD_POOL',
      `does not fit: there are ${counts}; give as many, or one user name`,
    );
    return [];
  }
  return passwords.map(({ name, secret }, index) => {
    const { secret: username } = users[index] ?? firstUser;
    return { kind: 'basic', name, username, password: secret };
  });
}

function values(env: Environment, name: CredentialVariable): NamedSecret[] {
  const pool = env.read(`${name}_POOL`);
  const single = env.read(name);
  if (pool !== undefined && single !== undefined) {
    env.warnings.push(`${name} and ${name}_POOL are both set; the pool is used.`);
  }
  if (pool !== undefined) {
    return pool.map((value, index) => ({ name: `${name}_POOL[${index + 1}]`, secret: new Secret(value) }));
  }
  return single === undefined ? [] : [{ name, secret: new Secret(single) }];
}
