import * as as from './parsers.ts';
import type { Variable } from './variable.ts';

/** What is read for the inventory, how often, and what of it may leave. */
export const inventoryVariables = {
  INVENTORY_ENABLED: {
    meaning: '`run` also reads users and repositories and sends them to Snyk, each in its own rhythm.',
    example: 'true',
    parse: as.flag,
    derived: 'true when `PROFILE_NAME` is set and `INVENTORY_URL` is not',
  },
  SYNC_REPOSITORIES_EVERY: {
    meaning: 'How often `run` reads the repositories.',
    example: '6h',
    parse: as.interval,
    default: '6h',
  },
  SYNC_ENRICHMENT_EVERY: {
    meaning: 'How often `run` also reads default branch, last commit and labels of each repository.',
    example: '24h',
    parse: as.interval,
    default: '24h',
  },
  SYNC_USERS_EVERY: {
    meaning: 'How often `run` reads the users.',
    example: '7d',
    parse: as.interval,
    default: '7d',
  },
  BITBUCKET_CONCURRENCY: {
    meaning:
      'The most calls of the inventory at the same time. It goes lower by itself where Bitbucket is slow or limits the rate.',
    example: '8',
    parse: as.wholeNumber(1, 64),
    default: '8',
  },
  INCLUDE_PROJECTS: {
    meaning: 'Only projects whose key fits one of these globs; personal projects have keys such as `~JDOE`.',
    example: 'PLAT,TEAM-*',
    parse: as.globList,
    default: '',
  },
  EXCLUDE_PROJECTS: {
    meaning: 'Projects whose key fits one of these globs are left out, whatever `INCLUDE_PROJECTS` says.',
    example: '~*,SANDBOX-*',
    parse: as.globList,
    default: '',
  },
  OMIT_FIELDS: {
    meaning: 'Fields that never leave the network, as `user.NAME` and `repository.NAME`.',
    example: 'user.email,repository.description',
    parse: as.omittedFields,
    default: '',
  },
  PSEUDONYMISE: {
    meaning:
      '`users`: their names and addresses leave as stable tokens that cannot be turned back. The key stays in `STATE_DIR`.',
    example: 'users',
    parse: as.pseudonymise,
    default: 'nothing',
  },
} as const satisfies Record<string, Variable>;

/** Which agent keeps the inventory, where several share the broker token. */
export const inventoryPlaceVariables = {
  INVENTORY_URL: {
    meaning:
      'The agent that keeps the inventory, where this one does not: calls for it, and what webhooks mark, go there. `off`: nobody can be asked, and the rules of the origin `agent:` are off.',
    example: 'http://bitbucket-agent-inventory:8003',
    parse: as.baseUrlOrOff,
  },
  INVENTORY_PORT: {
    meaning:
      'A port at which this agent serves the inventory that it keeps to the agents that have `INVENTORY_URL`.',
    example: '8003',
    parse: as.port,
  },
  INVENTORY_HOST: {
    meaning: 'The address that `INVENTORY_PORT` listens at.',
    example: '0.0.0.0',
    parse: as.listenHost,
    default: '0.0.0.0',
  },
  INVENTORY_TOKEN: {
    meaning:
      'Asked for, as `Authorization: Bearer`, at `INVENTORY_PORT`, and sent to `INVENTORY_URL`; at least 16 characters.',
    example: 'a-long-random-text-of-your-own',
    parse: as.ownToken,
    derived: 'made from `BROKER_TOKEN`',
    secret: true,
  },
} as const satisfies Record<string, Variable>;

/** Where the inventory goes. */
export const deliveryVariables = {
  ESSENTIALS_DELIVERY: {
    meaning:
      'The way out for the inventory: `tunnel` (through the Snyk Broker connection), `https` (to `ESSENTIALS_URL`) or `off` (nothing is sent).',
    example: 'tunnel',
    parse: as.delivery,
    default: 'tunnel',
  },
  ESSENTIALS_PATH: {
    meaning: 'The path that batches are posted to through the tunnel.',
    example: '/essentials/v1/batches',
    parse: as.urlPath,
    default: '/essentials/v1/batches',
  },
  TUNNEL_REQUEST_TIMEOUT_MS: {
    meaning: "Limit for Snyk's answer to a batch that went through the tunnel, in milliseconds.",
    example: '120000',
    parse: as.milliseconds,
    default: '120000',
  },
  ESSENTIALS_URL: {
    meaning: 'The URL that batches are posted to with `ESSENTIALS_DELIVERY=https`; required there.',
    example: 'https://inventory.example.com/v1/batches',
    parse: as.baseUrl,
  },
  ESSENTIALS_TOKEN: {
    meaning: 'Sent to `ESSENTIALS_URL` as `Bearer`.',
    example: 'token-as-it-was-given',
    parse: as.bearerToken,
    secret: true,
  },
} as const satisfies Record<string, Variable>;
