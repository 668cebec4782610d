import type { Config } from './config.ts';
import { Environment } from './environment.ts';
import { readDotenv, readSecret } from './files.ts';
import { loadConfig } from './load.ts';
import { declared, VARIABLES } from './schema.ts';

export interface OfflineOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Path of the accept list; wins over `ACCEPT`. */
  readonly accept?: string;
}

/** A configuration for looking at rules. It has no secret in it. */
export interface OfflineConfig {
  readonly config: Config;
  /** What stands for Bitbucket is an example: its address is not set. */
  readonly exampleAddress: boolean;
  /** The public port has a certificate. */
  readonly tls: boolean;
  /** Which kind of login is set for Bitbucket; `null`: none. */
  readonly login: 'bearer' | 'basic' | null;
}

const ADDRESS = 'https://bitbucket.example.com';
/** Secrets that a configuration cannot be without. */
const NEEDED = {
  BROKER_TOKEN: '00000000-0000-4000-8000-000000000000',
  BITBUCKET_PAT: 'not-a-token',
  ADMIN_TOKEN: 'not-a-token-not-a-token',
  RELAY_TOKEN: 'not-a-token-not-a-token',
};
/** Proxies count among the secrets, but their hosts are wanted. */
const KEPT = new Set(['HTTP_PROXY', 'HTTPS_PROXY']);
/** They are read where they can be. */
const PROXY_FILES = new Set(['HTTP_PROXY_FILE', 'HTTPS_PROXY_FILE']);
/** Files that need not be where rules are looked at. */
const FILES = ['HTTPS_CERT', 'HTTPS_KEY', 'CA_CERT', 'NODE_EXTRA_CA_CERTS'];

/**
 * The environment as `loadConfig` reads it, for commands that look at rules and connect to nothing: no declared secret
 * but proxies is read, nor any file but the accept list, `.env` and those of proxies, and what is not set of Bitbucket's address is an example.
 *
 * @throws {ConfigError} when what is set cannot be used
 */
export function loadOffline(options: OfflineOptions = {}): OfflineConfig {
  const { env: given = process.env, cwd = process.cwd(), accept } = options;
  const dotenv = readDotenv(new Environment({}, cwd).path('.env'));
  const whole: Record<string, string | undefined> = { ...(dotenv.ok ? dotenv.value : {}), ...given };
  const exampleAddress = !whole.BITBUCKET_URL && !whole.BITBUCKET;
  const isReadable = (name: string) => {
    const path = PROXY_FILES.has(name) ? whole[name] : undefined;
    return path !== undefined && path !== '' && readSecret(new Environment({}, cwd).path(path)).ok;
  };
  const emptied = Object.keys(whole).filter(
    (name) => (isSecret(name) && !isReadable(name)) || FILES.includes(name),
  );
  const env = {
    ...whole,
    ...Object.fromEntries(emptied.map((name) => [name, ''])),
    ...NEEDED,
    ...(exampleAddress ? { BITBUCKET_URL: ADDRESS } : {}),
    ...(accept === undefined ? {} : { ACCEPT: accept }),
  };
  const isAnySet = (name: string) =>
    Object.keys(whole).some((key) => key.replace(/(_POOL)?(_FILE)?$/, '') === name && whole[key] !== '');
  const login = isAnySet('BITBUCKET_PAT') ? 'bearer' : isAnySet('BITBUCKET_USERNAME') ? 'basic' : null;
  return { config: loadConfig({ env, cwd }), exampleAddress, tls: Boolean(whole.HTTPS_CERT), login };
}

/** A declared secret in any of its forms: `NAME`, `NAME_FILE`, `NAME_POOL` and `NAME_POOL_FILE`. */
function isSecret(name: string): boolean {
  const plain = name.replace(/_FILE$/, '');
  if (!Object.hasOwn(VARIABLES, plain) || KEPT.has(name)) return false;
  return declared(plain)?.secret === true;
}
