import type { Config } from '../config/config.ts';
import { MarkCourier } from '../inventory/keeper/mark-courier.ts';
import { Marks } from '../inventory/marks.ts';
import type { Log } from '../log.ts';
import type { Network } from '../network/network.ts';

/** What comes within this time is handed over together; milliseconds. */
const GATHER_MS = 1_000;
/** For the last try to hand marks over. */
const LAST_TRY_MS = 2_000;

/** Where the repositories go that webhooks have marked. */
export interface MarkRoad {
  readonly marks: Marks;
  start(): void;
  /** Once no mark can come any more. */
  drain(): Promise<void>;
}

/** To the schedule of this agent, to the agent that keeps the inventory, or nowhere. */
export function markRoad(
  { inventory, inventoryPlace: place }: Pick<Config, 'inventory' | 'inventoryPlace'>,
  network: Network,
  log: Log,
): MarkRoad {
  if (place.kind === 'there') {
    const marks = new Marks({ now: Date.now, gatherMs: GATHER_MS, everyMs: GATHER_MS });
    const courier = new MarkCourier({ marks, network, keeper: place, log });
    return { marks, start: () => courier.start(), drain: () => courier.drain(LAST_TRY_MS) };
  }
  const marks = new Marks({ now: Date.now });
  if (!inventory.enabled) marks.close();
  return { marks, start() {}, drain: async () => {} };
}
