import { ConfigError, type Problem } from '../errors.ts';
import { acceptConfig } from './accept.ts';
import { adminConfig, auditConfig, checkPorts, relayConfig } from './admin.ts';
import { bitbucketAddress } from './bitbucket.ts';
import { brokerConfig } from './broker.ts';
import type { BitbucketTimeouts, Config, ConfigDraft, InventoryPlace } from './config.ts';
import { bitbucketCredentials, credentialValues } from './credentials.ts';
import { Environment } from './environment.ts';
import { readDotenv } from './files.ts';
import { inventoryConfig } from './inventory.ts';
import { inventoryPlace } from './inventory-place.ts';
import { createNames, type Names } from './names.ts';
import { listenConfig, networkConfig } from './outside.ts';
import { VARIABLES } from './schema.ts';
import { Secret } from './secret.ts';
import { unknownNames, warnOfSettings } from './warnings.ts';

export interface LoadOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where `.env` is looked for and relative paths start. */
  readonly cwd?: string;
  /**
   * Asked only when something is wrong, by those who know what the accept list means: what else is wrong, as far as
   * that can be told from what could be read.
   */
  readonly alsoWrong?: (draft: ConfigDraft, told: readonly Problem[]) => readonly Problem[];
}

/**
 * Reads the environment, with `.env` of the working folder behind it, into one frozen configuration.
 * Changes no variable, opens no port, reads the files that variables name.
 * @throws {ConfigError} with everything that is wrong.
 */
export function loadConfig(options: LoadOptions = {}): Config {
  const { env: given = process.env, cwd = process.cwd(), alsoWrong = () => [] } = options;
  const env = environment(given, cwd);
  const address = bitbucketAddress(env);
  const values = credentialValues(env);
  const names = createNames(env, address, values);
  const inventory = inventoryConfig(env);
  const config = {
    profileName: env.read('PROFILE_NAME') ?? null,
    serviceType: env.read('SERVICE_TYPE'),
    broker: brokerConfig(env),
    bitbucket: {
      baseUrl: address.baseUrl,
      scheme: address.scheme,
      host: address.host,
      api: address.api,
      credentials: bitbucketCredentials(env, values),
      timeouts: timeouts(env),
    },
    accept: acceptConfig(env),
    rulesHash: env.read('RULES_HASH') ?? null,
    allowWrites: env.read('ALLOW_WRITES'),
    allowVariableSubstitution: env.read('ALLOW_VARIABLE_SUBSTITUTION'),
    listen: listenConfig(env),
    webhookSecret: webhookSecret(env),
    admin: adminConfig(env),
    relay: relayConfig(env),
    audit: auditConfig(env),
    inventory,
    inventoryPlace: inventoryPlace(env, inventory),
    stateDir: env.path(env.read('STATE_DIR')),
    logLevel: env.read('LOG_LEVEL'),
    network: networkConfig(env),
    warnings: env.warnings,
    variable: names.variable,
    credentials: names.credentials,
  };
  checkPorts(env, {
    public: config.listen.port,
    admin: config.admin.port,
    relay: config.relay?.listen?.port ?? null,
    inventory: listenOf(config.inventoryPlace)?.port ?? null,
  });
  const unknown = unknownNames(env, config.accept.text);
  if (env.problems.length > 0) {
    const told = inOrder(env.problems);
    throw new ConfigError([...told, ...alsoWrong(config, told)], unknown ?? undefined);
  }
  warnOfSettings(env, { address, acceptText: config.accept.text, real: given });
  if (unknown !== null) env.warnings.push(unknown);
  return frozen({ ...config, secrets: remembered(config, names) });
}

/** The list is made anew only when a rule's auth has brought a secret to light: the log asks at every line. */
function remembered(config: Parameters<typeof secrets>[0], names: Names): Config['secrets'] {
  let foreign = -1;
  let known: readonly Secret[] = [];
  return () => {
    if (names.foreignSecrets().length !== foreign) {
      foreign = names.foreignSecrets().length;
      known = secrets(config, names);
    }
    return known;
  };
}

/** In the order of the documentation, so that the first line is the first thing to look at. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const names = Object.keys(VARIABLES);
  const rank = ({ where }: Problem) => names.indexOf(where.replace(/_FILE$/, ''));
  return problems.toSorted((one, other) => rank(one) - rank(other));
}

/** The variables, with `.env` of the folder behind them. */
export function environment(given: Readonly<Record<string, string | undefined>>, cwd: string): Environment {
  const dotenv = readDotenv(new Environment({}, cwd).path('.env'));
  const env = new Environment({ ...(dotenv.ok ? dotenv.value : {}), ...given }, cwd);
  if (!dotenv.ok)
    env.problems.push({ where: '.env', reason: dotenv.reason, example: 'a readable file, or none' });
  return env;
}

const tokenOf = (place: InventoryPlace): Secret | null =>
  place.kind === 'there' ? place.token : (listenOf(place)?.token ?? null);

const listenOf = (place: InventoryPlace) => (place.kind === 'here' ? place.listen : null);

function webhookSecret(env: Environment): Secret | null {
  const value = env.read('WEBHOOK_SECRET');
  return value === undefined ? null : new Secret(value);
}

function timeouts(env: Environment): BitbucketTimeouts {
  return {
    connectMs: env.read('BITBUCKET_CONNECT_TIMEOUT_MS'),
    firstByteMs: env.read('BITBUCKET_FIRST_BYTE_TIMEOUT_MS'),
    idleMs: env.read('BITBUCKET_IDLE_TIMEOUT_MS'),
  };
}

function secrets(
  config: Pick<
    Config,
    | 'broker'
    | 'bitbucket'
    | 'inventory'
    | 'inventoryPlace'
    | 'listen'
    | 'network'
    | 'webhookSecret'
    | 'admin'
    | 'relay'
  >,
  names: Names,
): readonly Secret[] {
  const { broker, bitbucket, listen, network } = config;
  const proxies = [network.httpProxy, network.httpsProxy].filter((proxy) => proxy !== null);
  return [
    broker.token,
    ...bitbucket.credentials.map((login) => (login.kind === 'bearer' ? login.token : login.password)),
    ...(['BITBUCKET_PAT', 'BITBUCKET_PASSWORD'] as const).flatMap((name) => names.credentials(name)),
    ...proxies.flatMap((proxy) => [proxy, new Secret(decodeURIComponent(new URL(proxy.reveal()).password))]),
    ...(listen.tls === null ? [] : [listen.tls.key]),
    ...[
      config.inventory.delivery.token,
      config.webhookSecret,
      config.admin.token,
      config.relay?.token,
      tokenOf(config.inventoryPlace),
    ].filter((secret) => secret !== null && secret !== undefined),
    ...names.foreignSecrets(),
  ].filter((secret, index, all) => {
    const value = secret.reveal();
    return value !== '' && all.findIndex((other) => other.reveal() === value) === index;
  });
}

function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) frozen(part);
  return Object.freeze(value);
}
