import type { OmissibleField } from './omissible.ts';
import type { Secret } from './secret.ts';

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** One way to log in at Bitbucket. `name` tells an operator which one is meant: `BITBUCKET_PAT_POOL[2]`, counted from 1. */
export type BitbucketCredential =
  | { readonly kind: 'basic'; readonly name: string; readonly username: Secret; readonly password: Secret }
  | { readonly kind: 'bearer'; readonly name: string; readonly token: Secret };

/** The tunnel's far end. URLs are `scheme://host[:port][/path]` without a trailing slash. */
export interface BrokerConfig {
  readonly token: Secret;
  readonly serverUrl: string;
  readonly apiBaseUrl: string;
  /** This agent's own URL as Bitbucket's webhooks see it. */
  readonly clientUrl: string | null;
  readonly haMode: boolean;
  /** The `deployment_location` told to the dispatcher. */
  readonly location: string;
}

export interface BitbucketConfig {
  /** `scheme://host[:port][/context]`, no trailing slash. */
  readonly baseUrl: string;
  readonly scheme: 'http' | 'https';
  /** `host[:port][/context]`: what `${BITBUCKET}` means. */
  readonly host: string;
  /** `host[:port][/context]/rest/api/1.0` unless set otherwise: what `${BITBUCKET_API}` means. */
  readonly api: string;
  /** In pool order, at least one, all of one kind. */
  readonly credentials: readonly BitbucketCredential[];
  readonly timeouts: BitbucketTimeouts;
}

/** Milliseconds. */
export interface BitbucketTimeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
}

export interface AcceptConfig {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** The list that comes with the agent, because `ACCEPT` is not set. */
  readonly shipped: boolean;
}

/** How the agent leaves the host. Proxy URLs are secrets as they may hold a password, percent-encoded. */
export interface NetworkConfig {
  readonly httpProxy: Secret | null;
  readonly httpsProxy: Secret | null;
  readonly noProxy: readonly string[];
  /** PEM, one certificate each, beside the ones that Node trusts. */
  readonly extraCa: readonly string[];
}

export interface ListenConfig {
  readonly port: number;
  readonly healthcheckPath: string;
  readonly systemcheckPath: string;
  readonly tls: { readonly cert: string; readonly key: Secret } | null;
}

/** The port for operators. */
export interface AdminConfig {
  readonly host: string;
  /** `null`: there is none. */
  readonly port: number | null;
  /** `null` only where the host is a loopback address. */
  readonly token: Secret | null;
  /** Names in lower case. */
  readonly allowedHosts: readonly string[];
}

/** The way in by HTTP for a Snyk Broker client in front. */
export interface RelayConfig {
  readonly token: Secret;
  /** `null`: the operators' port serves it. */
  readonly listen: { readonly host: string; readonly port: number } | null;
}

export interface AuditConfig {
  /** Absolute. */
  readonly folder: string;
  readonly stdout: boolean;
  readonly query: boolean;
  readonly onError: 'warn' | 'refuse';
  readonly retentionDays: number;
  readonly maxBytes: number;
}

/** Where batches go. `url` is empty and `token` unused unless `by` is `https`. */
export interface DeliveryConfig {
  readonly by: 'tunnel' | 'https' | 'off';
  readonly path: string;
  /** For the answer to one batch. */
  readonly timeoutMs: number;
  readonly url: string;
  readonly token: Secret | null;
}

export interface InventoryConfig {
  /** `run` keeps the inventory up to date; `sync` does either way. */
  readonly enabled: boolean;
  readonly everyMs: { readonly repositories: number; readonly enrichment: number; readonly users: number };
  readonly concurrency: number;
  readonly includeProjects: readonly string[];
  readonly excludeProjects: readonly string[];
  readonly omitFields: readonly OmissibleField[];
  readonly pseudonymise: boolean;
  readonly delivery: DeliveryConfig;
}

/**
 * Who keeps the inventory: this agent, another one at `url` (a base URL without a trailing slash), or nobody who can be
 * asked. `listen`: where this one serves it to others; `null`: it does not.
 */
export type InventoryPlace =
  | {
      readonly kind: 'here';
      readonly listen: { readonly host: string; readonly port: number; readonly token: Secret } | null;
    }
  | { readonly kind: 'there'; readonly url: string; readonly token: Secret }
  | { readonly kind: 'nowhere' };

/** What the environment asks for: complete, checked, frozen. */
export interface Config {
  readonly profileName: string | null;
  readonly serviceType: 'on-premises';
  readonly broker: BrokerConfig;
  readonly bitbucket: BitbucketConfig;
  readonly accept: AcceptConfig;
  /** `sha256:` and 64 hexadecimal digits; `null`: any rules are taken. */
  readonly rulesHash: string | null;
  readonly allowWrites: boolean;
  readonly allowVariableSubstitution: boolean;
  readonly listen: ListenConfig;
  readonly webhookSecret: Secret | null;
  readonly admin: AdminConfig;
  /** `null`: there is no way in by HTTP. */
  readonly relay: RelayConfig | null;
  readonly audit: AuditConfig;
  readonly inventory: InventoryConfig;
  readonly inventoryPlace: InventoryPlace;
  /** Absolute; made when the inventory is first read. */
  readonly stateDir: string;
  readonly logLevel: LogLevel;
  readonly network: NetworkConfig;
  /** To be told once at start. */
  readonly warnings: readonly string[];
  /** What `${NAME}` means in a rule's origin; `undefined` when it is not set or is a secret. */
  variable(name: string): string | undefined;
  /**
   * What `${NAME}` means in a rule's auth: the pool in order when `NAME_POOL` is set, else the one value; empty when unknown.
   * Any name may be asked for, also as `NAME_FILE`.
   * @throws {ConfigError} when that file cannot be read, or when value and file are both set.
   */
  credentials(name: string): readonly Secret[];
  /**
   * Every secret known so far, for the log's redaction; user names are not among them, they are ordinary words.
   * The same list as long as there is no new one.
   */
  secrets(): readonly Secret[];
}

/** What could be read of a configuration that cannot be used; a stand-in is where the rest would be. */
export type ConfigDraft = Pick<
  Config,
  'profileName' | 'accept' | 'allowWrites' | 'bitbucket' | 'inventoryPlace' | 'variable' | 'credentials'
>;
