import { createHmac } from 'node:crypto';
import type { InventoryConfig, InventoryPlace } from './config.ts';
import type { Environment } from './environment.ts';
import { Secret } from './secret.ts';

/** Tells this token from anything else that is ever derived from the broker token. */
const LABEL = 'bitbucket-agent inventory token v1';

/**
 * Whether this agent keeps the inventory, another one does, or nobody who could be asked.
 *
 * @param inventory the settings for keeping it here
 */
export function inventoryPlace(
  env: Environment,
  inventory: Pick<InventoryConfig, 'enabled'>,
): InventoryPlace {
  const address = env.read('INVENTORY_URL');
  const port = env.read('INVENTORY_PORT');
  const own = env.read('INVENTORY_TOKEN');
  const isUsed = port !== undefined || (address !== undefined && address !== 'off');
  if (own !== undefined && !isUsed) {
    env.warnings.push('INVENTORY_TOKEN has no effect: neither INVENTORY_URL nor INVENTORY_PORT is set.');
  }
  if (address !== undefined) {
    checkAlone(env);
    return address === 'off' ? { kind: 'nowhere' } : { kind: 'there', url: address, token: tokenOf(env) };
  }
  if (port === undefined) return { kind: 'here', listen: null };
  if (!inventory.enabled) {
    env.warnings.push(
      'INVENTORY_PORT serves what STATE_DIR has, and takes no marks of webhooks: PROFILE_NAME or INVENTORY_ENABLED says that nothing is read.',
    );
  }
  return { kind: 'here', listen: { host: env.read('INVENTORY_HOST'), port, token: tokenOf(env) } };
}

function checkAlone(env: Environment): void {
  if (env.read('INVENTORY_PORT') !== undefined) {
    env.problem(
      'INVENTORY_URL',
      'is set, and INVENTORY_PORT too: an agent asks for the inventory or serves it',
    );
  }
  if (env.read('INVENTORY_ENABLED') === true) {
    env.problem('INVENTORY_URL', 'is set, and INVENTORY_ENABLED is true: the inventory is kept in one place');
  }
}

/** Every agent with the same broker token has the same one; the broker token cannot be told from it. */
function tokenOf(env: Environment): Secret {
  const own = env.read('INVENTORY_TOKEN');
  if (own !== undefined) return new Secret(own);
  const key = env.read('BROKER_TOKEN') ?? '';
  return new Secret(createHmac('sha256', key).update(LABEL).digest('hex'));
}
