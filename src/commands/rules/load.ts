import { loadOffline, type OfflineConfig, type OfflineOptions } from '../../config/offline.ts';
import { ConfigError } from '../../errors.ts';
import { type Compiled, loadRules } from '../../rules/compile.ts';
import type { RuleSet } from '../../rules/rule-set.ts';
import { agentVersion } from '../../version.ts';

/** An accept list as the commands look at it. */
export interface Loaded extends OfflineConfig {
  readonly rules: RuleSet;
  /** The agent's version where the list is the one that comes with it. */
  readonly shippedWith: string | null;
}

/** What there is before it is known whether the list can be used. */
export interface Read extends OfflineConfig {
  readonly loaded: Compiled & { readonly notes: readonly string[] };
  readonly shippedWith: string | null;
  /** Whether a variable of an origin is set. */
  isSet(name: string): boolean;
}

/**
 * Reads an accept list, that of `ACCEPT` unless a path is given. A variable that is not set is an example host.
 *
 * @param around in the place of this process's environment and working folder
 */
export function readList(accept?: string, around: Omit<OfflineOptions, 'accept'> = {}): Read {
  const offline = loadOffline(accept === undefined ? around : { ...around, accept });
  const { config } = offline;
  const isSet = (name: string) => config.variable(name) !== undefined;
  const variable = (name: string) =>
    config.variable(name) ?? (name === 'GIT_CLIENT_URL' ? undefined : exampleHost(name));
  const { bitbucket, allowWrites, inventoryPlace } = config;
  const agentOff = inventoryPlace.kind === 'nowhere';
  return {
    ...offline,
    loaded: loadRules(config.accept.text, config.accept.path, {
      variable,
      bitbucket,
      allowWrites,
      agentOff,
    }),
    shippedWith: config.accept.shipped ? agentVersion : null,
    isSet,
  };
}

/**
 * The same for commands that need a list that works.
 *
 * @throws ConfigError when it does not
 */
export function loadList(accept?: string, around?: Omit<OfflineOptions, 'accept'>): Loaded {
  const { loaded, ...read } = readList(accept, around);
  if (loaded.rules === null) throw new ConfigError(loaded.problems);
  return { ...read, rules: loaded.rules };
}

const exampleHost = (name: string): string =>
  `${
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'host'
  }.example.com`;
