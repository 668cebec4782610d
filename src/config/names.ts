import { ConfigError } from '../errors.ts';
import type { BitbucketAddress } from './bitbucket.ts';
import type { CredentialValues } from './credentials.ts';
import type { Environment } from './environment.ts';
import { declared } from './schema.ts';
import { Secret } from './secret.ts';

/** A name of someone else's that tells by itself that its value is not for showing. */
const SOUNDS_SECRET =
  /TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|AUTHORIZATION|BASIC_AUTH|(^|_)(PAT|PASS|KEY)(_|$)/i;

/** Whether a name of someone else's tells that its value is a secret. */
export const soundsSecret = (name: string): boolean => SOUNDS_SECRET.test(name);

/** What `${NAME}` means in an accept list. Secrets have no meaning in an origin, other words none in an auth. */
export interface Names {
  variable(name: string): string | undefined;
  credentials(name: string): readonly Secret[];
  /** Values of other people's variables that are secrets, by their name or because an auth asked for them. */
  foreignSecrets(): readonly Secret[];
}

/** @see Names */
export function createNames(env: Environment, address: BitbucketAddress, given: CredentialValues): Names {
  const addresses: Readonly<Record<string, string | undefined>> = {
    BITBUCKET: address.host,
    BITBUCKET_API: address.api,
    BITBUCKET_GIT: address.git,
    GIT_CLIENT_URL: env.read('GIT_CLIENT_URL'),
  };
  const known = new Map<string, readonly Secret[]>(
    Object.entries(given).map(([name, values]) => [name, values.map(({ secret }) => secret)]),
  );
  const foreign = env
    .names()
    .filter((name) => isSecret(name) && declared(name) === undefined && !name.endsWith('_FILE'))
    .map((name) => new Secret(env.text(name) ?? ''));

  return {
    variable: (name) =>
      Object.hasOwn(addresses, name) ? addresses[name] : isSecret(name) ? undefined : env.text(name),
    credentials(name) {
      const found = known.get(name) ?? foreignValues(env, name);
      if (!known.has(name)) {
        known.set(name, found);
        foreign.push(...found);
      }
      return found;
    },
    foreignSecrets: () => foreign,
  };
}

/** A declared variable says itself whether it is a secret; in lower case, as proxies may be written, it is the same one. */
function isSecret(name: string): boolean {
  const variable = declared(name) ?? declared(name.toUpperCase());
  return variable === undefined ? soundsSecret(name) : variable.secret === true;
}

function foreignValues(env: Environment, name: string): readonly Secret[] {
  if (declared(name) !== undefined || declared(name.toUpperCase()) !== undefined) return [];
  const pool = value(env, `${name}_POOL`);
  if (pool !== undefined) return entries(name, pool).map((entry) => new Secret(entry));
  const single = value(env, name);
  return single === undefined ? [] : [new Secret(single)];
}

function entries(name: string, pool: string): string[] {
  const parts = pool.split(',').map((part) => part.trim());
  if (!parts.includes('')) return parts;
  throw new ConfigError([
    { where: `${name}_POOL`, reason: 'has an empty entry', example: 'value-one,value-two' },
  ]);
}

function value(env: Environment, name: string): string | undefined {
  const reading = env.secretText(name);
  if (reading.ok) return reading.value;
  const where = env.text(name) === undefined ? `${name}_FILE` : name;
  throw new ConfigError([{ where, reason: reading.reason, example: '/run/secrets/one-secret-on-one-line' }]);
}
