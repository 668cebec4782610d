import { type MetricSources, Metrics } from '../../src/agent/metrics.ts';
import type { TrailState } from '../../src/audit/trail.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';

const TRAIL: TrailState = { instance: 'one', written: 7, lost: 2, errors: 1, failing: 'ENOSPC', head: null };

const QUIET_INVENTORY: Pick<Inventory, 'figures'> = {
  figures: () => ({ budget: null, waitedMs: 0, ended: [], ledger: null }),
};

/** Metrics of an agent with all parts, none of which has done anything unless it is given. */
export function metricsOf(sources: Partial<MetricSources> = {}): Metrics {
  const metrics = new Metrics();
  metrics.watch({
    rules: { private: [] },
    tunnel: {
      state: [
        { role: 'primary', open: true, since: 1_000, reconnects: 3, lastError: null },
        { role: 'secondary', open: false, since: 2_000, reconnects: 0, lastError: 'reset' },
      ],
      inFlight: 4,
      dropped: new Map([['illegal response header', 5]]),
      oddities: new Map([['unknown event', 6]]),
    },
    inventory: QUIET_INVENTORY,
    everyMs: { repositories: 60_000, enrichment: 120_000, users: 180_000 },
    paused: () => true,
    audit: () => TRAIL,
    ...sources,
  });
  return metrics;
}
