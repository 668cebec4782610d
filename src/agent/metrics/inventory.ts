import type { InventoryFigures } from '../../inventory/figures.ts';
import type { Inventory } from '../../inventory/inventory.ts';
import type { Part } from '../../inventory/schedule.ts';
import type { Readings, Sample } from './readings.ts';

const NOTHING: InventoryFigures = { budget: null, waitedMs: 0, ended: [], ledger: null };
const PARTS: readonly Part[] = ['repositories', 'enrichment', 'users'];

export interface InventorySource {
  readonly inventory: Pick<Inventory, 'figures'>;
  /** How often each part is read, milliseconds; `null`: this process reads nothing by itself. */
  readonly everyMs: Readonly<Record<Part, number>> | null;
}

/** Runs, what they saw, and what waits. The ledger is read once each time the metrics are fetched. */
export function inventoryMetrics(
  readings: Readings,
  { inventory, everyMs }: InventorySource,
  now: () => number,
): void {
  let figures = NOTHING;
  readings.gauge(
    'inventory_ledger_readable',
    'Whether there is a ledger that can be read, 1 or 0.',
    [],
    () => {
      figures = inventory.figures();
      return [[{}, figures.ledger === null ? 0 : 1]];
    },
  );
  const parts = everyMs === null ? [] : PARTS;
  readings.gauge('inventory_interval_seconds', 'How often a part is read.', ['part'], () =>
    parts.map((part) => [{ part }, (everyMs?.[part] ?? 0) / 1000]),
  );
  readings.gauge(
    'inventory_last_complete_timestamp_seconds',
    'When the newest complete run with this part began, Unix time; 0: there was none.',
    ['part'],
    () => parts.map((part) => [{ part }, (figures.ledger?.lastComplete[part] ?? 0) / 1000]),
  );
  readings.gauge('inventory_entities_seen', 'Entities that the last reading saw.', ['type'], () =>
    (['users', 'repositories'] as const).flatMap((type): Sample[] => {
      const seen = figures.ledger?.seen[type] ?? null;
      return seen === null ? [] : [[{ type }, seen]];
    }),
  );
  readings.gauge(
    'inventory_last_run_entities',
    'What the newest run that has read everything came to.',
    ['what'],
    () => Object.entries(figures.ledger?.lastRun ?? {}).map(([what, count]) => [{ what }, count]),
  );
  readings.gauge('inventory_outbox_batches', 'Batches that wait to be sent.', [], () => [
    [{}, figures.ledger?.outbox.waiting ?? 0],
  ]);
  readings.gauge('inventory_parked_batches', 'Batches that the receiver refused for good.', [], () => [
    [{}, figures.ledger?.outbox.parked ?? 0],
  ]);
  readings.gauge(
    'inventory_outbox_age_seconds',
    'How long ago the oldest run began that is not delivered yet; 0: none waits.',
    [],
    () => {
      const since = figures.ledger?.outbox.since ?? null;
      return [[{}, since === null ? 0 : Math.max(0, now() - since) / 1000]];
    },
  );
  processMetrics(readings, () => figures);
}

/** Of this process alone. */
function processMetrics(readings: Readings, figures: () => InventoryFigures): void {
  readings.counter('inventory_runs_total', 'Runs that ended in this process.', ['kind', 'state'], () =>
    figures().ended.map(({ kind, state, count }) => [{ kind, state }, count]),
  );
  readings.gauge('inventory_running', 'Whether a run is under way in this process, 1 or 0.', [], () => [
    [{}, figures().budget === null ? 0 : 1],
  ]);
  readings.gauge('inventory_call_limit', 'Calls that the run may make at the same time.', [], () => [
    [{}, figures().budget?.limit ?? 0],
  ]);
  readings.counter(
    'inventory_rate_limit_wait_seconds_total',
    "Time in which calls of the inventory waited for Bitbucket's rate limit.",
    [],
    () => [[{}, figures().waitedMs / 1000]],
  );
}
