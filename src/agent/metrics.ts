import { collectDefaultMetrics, Registry } from 'prom-client';
import type { TrailState } from '../audit/trail.ts';
import type { CallListener } from '../call.ts';
import { AGENT_ORIGIN } from '../rules/agent-origin.ts';
import type { Rule } from '../rules/verdict.ts';
import { agentVersion } from '../version.ts';
import { CallMetrics } from './metrics/calls.ts';
import { type InventorySource, inventoryMetrics } from './metrics/inventory.ts';
import { Readings } from './metrics/readings.ts';
import { auditMetrics, type TunnelSource, tunnelMetrics } from './metrics/state.ts';

/**
 * Milliseconds between two looks at the event loop. What it tells of the lag has this time in it. At prom-client's own
 * 10 ms an agent with nothing to do would spend 0.7 % of a core on looking; at 50 ms it is 0.15 %.
 */
const LAG_LOOK_MS = 50;

/** The parts that are asked when the metrics are fetched. */
export interface MetricSources extends InventorySource {
  readonly rules: { readonly private: readonly Rule[] };
  readonly tunnel: TunnelSource;
  /** Whether the operator has paused relaying; left out: nobody can. */
  paused?(): boolean;
  /** Left out: there is no audit trail. */
  audit?(): TrailState;
  readonly now?: () => number;
}

/** What this process tells Prometheus: what it counts of calls itself, and what its parts say when they are asked. */
export class Metrics {
  /** `contentType`, and `metrics()` for the text. */
  readonly registry = new Registry();
  /** Counts every call. */
  readonly listener: CallListener;
  readonly #readings = new Readings(this.registry);
  readonly #calls = new CallMetrics(this.registry, this.#readings);

  constructor() {
    this.listener = this.#calls.listener;
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LAG_LOOK_MS });
    this.#readings.gauge('build_info', 'Always 1.', ['version', 'node'], () => [
      [{ version: agentVersion, node: process.version }, 1],
    ]);
  }

  /** From here on the parts are asked too. To be called once, before calls come. */
  watch({ rules, tunnel, inventory, everyMs, paused, audit, now = Date.now }: MetricSources): void {
    const local = rules.private.filter(({ origin }) => origin === AGENT_ORIGIN);
    this.#calls.localRules = new Set(local.map(({ id }) => id));
    tunnelMetrics(this.#readings, tunnel);
    inventoryMetrics(this.#readings, { inventory, everyMs }, now);
    this.#readings.gauge('paused', 'Whether the operator has paused relaying, 1 or 0.', [], () => [
      [{}, paused?.() === true ? 1 : 0],
    ]);
    if (audit !== undefined) auditMetrics(this.#readings, audit);
  }
}
