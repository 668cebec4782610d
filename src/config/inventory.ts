import type { DeliveryConfig, InventoryConfig } from './config.ts';
import type { Environment } from './environment.ts';
import { Secret } from './secret.ts';

/** What is read, how often, and what is left out. */
export function inventoryConfig(env: Environment): InventoryConfig {
  const profileName = env.read('PROFILE_NAME') ?? null;
  const enabled =
    env.read('INVENTORY_ENABLED') ?? (profileName !== null && env.read('INVENTORY_URL') === undefined);
  if (enabled && profileName === null) {
    env.problem(
      'PROFILE_NAME',
      'is not set, and INVENTORY_ENABLED is true: what is sent names the integration',
    );
  }
  return {
    enabled,
    everyMs: {
      repositories: env.read('SYNC_REPOSITORIES_EVERY'),
      enrichment: env.read('SYNC_ENRICHMENT_EVERY'),
      users: env.read('SYNC_USERS_EVERY'),
    },
    concurrency: env.read('BITBUCKET_CONCURRENCY'),
    includeProjects: env.read('INCLUDE_PROJECTS'),
    excludeProjects: env.read('EXCLUDE_PROJECTS'),
    omitFields: env.read('OMIT_FIELDS'),
    pseudonymise: env.read('PSEUDONYMISE') === 'users',
    delivery: deliveryConfig(env),
  };
}

function deliveryConfig(env: Environment): DeliveryConfig {
  const by = env.read('ESSENTIALS_DELIVERY');
  const url = env.read('ESSENTIALS_URL');
  const token = env.read('ESSENTIALS_TOKEN');
  if (by === 'https' && url === undefined && !env.problems.some(({ where }) => where === 'ESSENTIALS_URL')) {
    env.problem('ESSENTIALS_URL', 'is not set, but ESSENTIALS_DELIVERY is https');
  }
  if (by !== 'https' && (url !== undefined || token !== undefined)) {
    env.warnings.push(
      `ESSENTIALS_URL and ESSENTIALS_TOKEN have no effect: ESSENTIALS_DELIVERY is ${by}, not https.`,
    );
  }
  if (by === 'https' && url?.startsWith('http:') === true) {
    env.warnings.push('ESSENTIALS_URL is http: the inventory and its token go there unencrypted.');
  }
  return {
    by,
    path: env.read('ESSENTIALS_PATH'),
    timeoutMs: env.read('TUNNEL_REQUEST_TIMEOUT_MS'),
    url: url ?? '',
    token: token === undefined ? null : new Secret(token),
  };
}
