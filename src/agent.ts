import { assemble, DRAIN_MS, dismantle, type Parts } from './agent/assembly.ts';
import { openInventoryPort } from './agent/inventory-port.ts';
import { markRoad } from './agent/mark-road.ts';
import type { Metrics } from './agent/metrics.ts';
import { openOperatorsPort } from './agent/operators-port.ts';
import { openPublicPort } from './agent/public-port.ts';
import { openRelayPort } from './agent/relay-port.ts';
import { markedRun, scheduledRun } from './agent/scheduled-run.ts';
import { tellBitbucket, tellStart } from './agent/start-report.ts';
import { pause } from './bitbucket/pause.ts';
import type { Config } from './config/config.ts';
import { serveSmall } from './heap-size.ts';
import type { Listener } from './http/listener.ts';
import type { Inventory } from './inventory/inventory.ts';
import type { Marks } from './inventory/marks.ts';
import { Schedule } from './inventory/schedule.ts';
import type { Log } from './log.ts';

/** A running agent. */
export interface Agent {
  /** Tells the server, answers what is in flight and what still arrives, closes everything. */
  drain(signal: string): Promise<void>;
}

/** The inventory for a command, without any port. */
export interface InventoryDesk extends Agent {
  readonly inventory: Inventory;
  /** @param signal `null`: the work is done */
  drain(signal: string | null): Promise<void>;
}

/**
 * Makes and wires every part, opens the ports, begins to connect and to keep the inventory.
 *
 * @throws ConfigError when the accept list cannot be used, or there is an inventory to keep and no place for it, before
 *   any port opens
 * @throws AgentError `LISTEN_FAILED`
 */
export async function startAgent(config: Config, log: Log): Promise<Agent> {
  const { Metrics } = await import('./agent/metrics.ts');
  const metrics = new Metrics();
  const parts = assemble(config, log, {
    command: 'run',
    output: process.stdout,
    listeners: [metrics.listener, serveSmall],
  });
  watchParts(metrics, parts, config);
  let draining = false;
  const road = markRoad(config, parts.network, log);
  const { marks } = road;
  const listeners = await openPorts({ config, parts, marks, metrics, log, draining: () => draining });
  const { gate, tunnel } = parts;
  tellStart(config, gate, listeners.public.port, log);
  void tunnel.start();
  void tellBitbucket(config, gate, parts, log);
  const schedule = scheduleOf(config, parts, marks, log);
  if (config.inventory.enabled) schedule.start();
  road.start();
  return {
    drain: async (signal) => {
      draining = true;
      await Promise.all([schedule.stop(), tunnel.drain(signal, DRAIN_MS), listeners.drain(DRAIN_MS)]);
      await Promise.all([listeners.close(), road.drain()]);
      await dismantle(parts, signal);
    },
  };
}

/**
 * The same parts for a command that reads the inventory and ends. Where it is delivered through the tunnel the tunnel is
 * opened, and then calls that come in are answered as `run` answers them: the server sends them to the newest socket.
 *
 * @throws ConfigError when the accept list cannot be used
 */
export function openInventoryDesk(
  config: Config,
  log: Log,
  { deliver, command }: { readonly deliver: boolean; readonly command: 'sync' | 'preview' },
): InventoryDesk {
  const parts = assemble(config, log, { command, output: process.stderr });
  const { inventory, tunnel } = parts;
  const open = deliver && config.inventory.delivery.by === 'tunnel';
  if (open) void tunnel.start();
  return {
    inventory,
    drain: async (signal) => {
      if (open) await tunnel.drain(signal ?? 'SIGTERM', DRAIN_MS);
      await dismantle(parts, signal);
    },
  };
}

interface PortsOptions {
  readonly config: Config;
  readonly parts: Parts;
  readonly marks: Marks;
  readonly metrics: Metrics;
  draining(): boolean;
  readonly log: Log;
}

interface Ports {
  readonly public: Listener;
  /** Settles when the calls and webhooks that came by HTTP are answered, or after `ms`. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** All ports, or none. */
async function openPorts(options: PortsOptions): Promise<Ports> {
  const { config, parts, metrics, log, draining } = options;
  const opened: Pick<Listener, 'close'>[] = [];
  const close = async () => {
    await Promise.all(opened.map((port) => port.close()));
  };
  try {
    const { httpRelay, network, pull } = parts;
    const relay = await openRelayPort(config, { network, relay: httpRelay, pull }, log);
    if (relay !== null) opened.push(relay);
    const inventory = await openInventoryPort(config, { pull, marks: options.marks }, log);
    if (inventory !== null) opened.push(inventory);
    const { metricsRoutes } = await import('./http/metrics.ts');
    const operators = await openOperatorsPort({
      ...{ ...parts, config, draining, log },
      routes: [metricsRoutes(metrics.registry)],
      ownToken: relay === null || relay.port !== null ? [] : [relay.router],
    });
    if (operators !== null) opened.push(operators);
    const listener = await openPublicPort(options);
    opened.push(listener);
    return {
      public: listener,
      drain: async (ms) =>
        void (await Promise.all([relay?.drain(ms), inventory?.drain(ms), listener.drain(ms)])),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function watchParts(metrics: Metrics, parts: Parts, { inventory: { enabled, everyMs } }: Config): void {
  const { gate, tunnel, inventory, pauseSwitch, trail } = parts;
  metrics.watch({
    rules: gate.rules,
    tunnel,
    inventory,
    everyMs: enabled ? everyMs : null,
    paused: () => pauseSwitch.paused,
    audit: () => trail.state(),
  });
}

function scheduleOf(config: Config, { inventory, tunnel }: Parts, marks: Marks, log: Log): Schedule {
  const { everyMs, delivery } = config.inventory;
  return new Schedule({
    everyMs,
    lastComplete: (part) => inventory.lastComplete(part),
    run: scheduledRun(inventory, tunnel, delivery.by, log),
    marked: { marks, run: markedRun(marks, inventory, tunnel, delivery.by, log) },
    log,
    now: Date.now,
    random: Math.random,
    pause,
  });
}
