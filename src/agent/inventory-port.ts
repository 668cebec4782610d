import type { Send } from '../bitbucket/send.ts';
import type { Config } from '../config/config.ts';
import type { Marks } from '../inventory/marks.ts';
import type { Log } from '../log.ts';

export interface InventoryPortParts {
  /** The inventory that is kept here. */
  readonly pull: Send;
  readonly marks: Pick<Marks, 'add'>;
}

/** The way in for agents that do not keep the inventory themselves. */
export interface InventoryPort {
  readonly port: number;
  /** Takes no more requests; settles when those under way are answered, the last of them broken off after `ms`. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens `INVENTORY_PORT`; `null` where it is not set.
 *
 * @throws AgentError `LISTEN_FAILED`
 */
export async function openInventoryPort(
  { inventoryPlace: place, listen: { tls } }: Config,
  { pull, marks }: InventoryPortParts,
  log: Log,
): Promise<InventoryPort | null> {
  if (place.kind !== 'here' || place.listen === null) return null;
  const [{ InventoryRoutes }, { openListener }] = await Promise.all([
    import('../http/inventory.ts'),
    import('../http/listener.ts'),
  ]);
  const { host, port, token } = place.listen;
  const routes = new InventoryRoutes({ token: token.reveal(), pull, mark: (one) => marks.add(one), log });
  const certificate = tls === null ? null : { cert: tls.cert, key: tls.key.reveal() };
  const listener = await openListener({
    ...{ host, port, name: 'INVENTORY_PORT', tls: certificate },
    ...{ routes: [routes.router], log, hint: LISTEN_HINT },
  });
  log.info('inventory port open', { host, port: listener.port });
  return { port: listener.port, drain: (ms) => routes.drain(ms), close: () => listener.close() };
}

const LISTEN_HINT =
  'Set INVENTORY_PORT to a port that is free and that this user may open, INVENTORY_HOST to an address of this host.';
