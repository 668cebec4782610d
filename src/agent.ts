import { hash } from 'node:crypto';
import { withAuthorization } from './bitbucket/authorize.ts';
import { createExchange } from './bitbucket/exchange.ts';
import { pause } from './bitbucket/pause.ts';
import { withRetry } from './bitbucket/retry.ts';
import type { Send } from './bitbucket/send.ts';
import type { CallListener } from './call.ts';
import type { Config } from './config/config.ts';
import { AgentError, ConfigError } from './errors.ts';
import { type Gate, openGate } from './gate.ts';
import type { Listener } from './http/listener.ts';
import type { Destination } from './inventory/deliver/destination.ts';
import { httpsDestination } from './inventory/deliver/https-destination.ts';
import { tunnelDestination } from './inventory/deliver/tunnel-destination.ts';
import { Inventory } from './inventory/inventory.ts';
import { Marks } from './inventory/marks.ts';
import { withLocalOrigin } from './inventory/pull/local-origin.ts';
import { repositoryIn } from './inventory/repository-event.ts';
import { Schedule } from './inventory/schedule.ts';
import type { Log } from './log.ts';
import { createNetwork, type Network } from './network.ts';
import { openOperatorsPort } from './operators-port.ts';
import { PauseSwitch } from './pause-switch.ts';
import { RecentCalls } from './recent-calls.ts';
import { logCalls, tellAll } from './recorder.ts';
import { Relay } from './relay/relay.ts';
import { createSubstitution } from './relay/substitution.ts';
import { AGENT_ORIGIN } from './rules/agent-origin.ts';
import { markedRun, scheduledRun } from './scheduled-run.ts';
import { tellBitbucket, tellStart } from './start-report.ts';
import { createApiHost } from './tunnel/api-host.ts';
import { Tunnel } from './tunnel/tunnel.ts';
import { agentVersion } from './version.ts';

/** How long calls in flight may take after SIGTERM, as with the official client. */
const DRAIN_MS = 12_000;

/** For Snyk's answer to a webhook. */
const WEBHOOK_MS = 30_000;

/** What a call may have written into it, where that is allowed at all: addresses, and nothing else of the environment. */
const SUBSTITUTED = new Set(['BROKER_CLIENT_URL', 'BITBUCKET', 'BITBUCKET_API', 'BITBUCKET_GIT']);

/** A running agent. */
export interface Agent {
  /** Tells the server, answers what is in flight and what still arrives, closes everything. */
  drain(signal: string): Promise<void>;
}

/** The inventory for a command, without any port. */
export interface InventoryDesk extends Agent {
  readonly inventory: Inventory;
}

/** All parts, made and wired; nothing connects yet. */
interface Parts {
  readonly gate: Gate;
  readonly network: Network;
  /** To Bitbucket, with authorisation. */
  readonly send: Send;
  readonly tunnel: Tunnel;
  readonly inventory: Inventory;
  readonly recent: RecentCalls;
  readonly pauseSwitch: PauseSwitch;
  /** Hears of every call that is over. */
  readonly record: CallListener;
}

/**
 * Makes and wires every part, opens the public and the operators' port, begins to connect and to keep the inventory.
 *
 * @throws ConfigError when the accept list cannot be used, or there is an inventory to keep and no place for it, before
 *   any port opens
 * @throws AgentError `LISTEN_FAILED`
 */
export async function startAgent(config: Config, log: Log): Promise<Agent> {
  const [{ Metrics }, { metricsRoutes }] = await Promise.all([
    import('./metrics.ts'),
    import('./http/metrics.ts'),
  ]);
  const metrics = new Metrics();
  const parts = assemble(config, log, [metrics.listener]);
  const { gate, network, send, tunnel, inventory } = parts;
  const everyMs = config.inventory.enabled ? config.inventory.everyMs : null;
  metrics.watch({
    rules: gate.rules,
    tunnel,
    inventory,
    everyMs,
    paused: () => parts.pauseSwitch.paused,
  });
  if (config.inventory.enabled) checkState(inventory);
  let draining = false;
  const marks = new Marks({ now: Date.now });
  if (!config.inventory.enabled) marks.close();
  const admin = await openOperatorsPort({
    ...parts,
    rules: gate.rules,
    config,
    log,
    draining: () => draining,
    routes: [metricsRoutes(metrics.registry)],
  });
  const listener = await openPublicPort(config, parts, marks, log, () => draining).catch(
    async (error: unknown) => {
      await admin?.close();
      throw error;
    },
  );
  tellStart(config, gate, listener.port, log);
  void tunnel.start();
  void tellBitbucket(config, gate, send, log);
  const schedule = new Schedule({
    everyMs: config.inventory.everyMs,
    lastComplete: (part) => inventory.lastComplete(part),
    run: scheduledRun(inventory, tunnel, config.inventory.delivery.by, log),
    marked: { marks, run: markedRun(marks, inventory, tunnel, config.inventory.delivery.by, log) },
    log,
    now: Date.now,
    random: Math.random,
    pause,
  });
  if (config.inventory.enabled) schedule.start();
  return {
    drain: async (signal) => {
      draining = true;
      await Promise.all([schedule.stop(), tunnel.drain(signal, DRAIN_MS)]);
      await Promise.all([listener.close(), admin?.close()]);
      await network.close();
    },
  };
}

/**
 * The same parts for a command that reads the inventory and ends. Where it is delivered through the tunnel the tunnel is
 * opened, and then calls that come in are answered as `run` answers them: the server sends them to the newest socket.
 *
 * @throws ConfigError when the accept list cannot be used
 */
export function openInventoryDesk(config: Config, log: Log, options: { deliver: boolean }): InventoryDesk {
  const { network, tunnel, inventory } = assemble(config, log);
  const open = options.deliver && config.inventory.delivery.by === 'tunnel';
  if (open) void tunnel.start();
  return {
    inventory,
    drain: async (signal) => {
      if (open) await tunnel.drain(signal, DRAIN_MS);
      await network.close();
    },
  };
}

function assemble(config: Config, log: Log, listeners: readonly CallListener[] = []): Parts {
  const gate = openGate(config, log);
  const network = createNetwork(config.network);
  const send = withAuthorization(withRetry(createExchange(network, config.bitbucket.timeouts)));
  const { broker, bitbucket } = config;
  const recent = new RecentCalls();
  const record = tellAll([logCalls(log), recent.listener, ...listeners]);
  const pauseSwitch = new PauseSwitch({ stateDir: config.stateDir, log });
  const tunnel: Tunnel = new Tunnel({
    serverUrl: broker.serverUrl,
    token: broker.token.reveal(),
    filters: gate.rules.filters,
    agentVersion,
    highAvailability: broker.haMode ? broker : null,
    network,
    log,
    serve: (call, answer) => relay.serve(call, answer),
  });
  const inventory = new Inventory({
    settings: config.inventory,
    profileName: config.profileName ?? '',
    serviceType: config.serviceType,
    bitbucket: { baseUrl: bitbucket.baseUrl, apiUrl: `${bitbucket.scheme}://${bitbucket.api}` },
    stateDir: config.stateDir,
    rules: gate.rules,
    loginOf: gate.loginOf,
    send,
    destination: destinationOf(config, network, tunnel),
    receiver: receiverOf(config),
    record,
    keepQuery: config.audit.query,
  });
  const relay = new Relay({
    rules: gate.rules,
    loginOf: gate.loginOf,
    send: withLocalOrigin(send, AGENT_ORIGIN, inventory.pull),
    substitution: config.allowVariableSubstitution
      ? createSubstitution((name) => (SUBSTITUTED.has(name) ? config.variable(name) : undefined))
      : null,
    record: (call) => record('tunnel', call),
    closed: () => (pauseSwitch.paused ? 'PAUSED' : null),
    keepQuery: config.audit.query,
  });
  return { gate, network, send, tunnel, inventory, recent, pauseSwitch, record };
}

function destinationOf(config: Config, network: Network, tunnel: Tunnel): Destination | null {
  const { by, path, timeoutMs, url, token } = config.inventory.delivery;
  if (by === 'off') return null;
  return by === 'tunnel'
    ? tunnelDestination(tunnel, { path, timeoutMs, secrets: [config.broker.token] })
    : httpsDestination(network, { url, token, timeoutMs });
}

function checkState(inventory: Inventory): void {
  try {
    inventory.checkState();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const reason = `${error.message} ${error.hint ?? ''}`.trim();
    throw new ConfigError([{ where: 'STATE_DIR', reason, example: '/var/lib/bitbucket-agent' }]);
  }
}

/** ESSENTIALS_PATH is left out: it is how the same receiver is reached. */
function receiverOf({ broker, inventory }: Config): string | null {
  const { by, url } = inventory.delivery;
  if (by === 'off') return null;
  if (by === 'tunnel') return `${broker.serverUrl} ${hash('sha256', broker.token.reveal())}`;
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** Express takes 6 MiB, and a command that opens no port has no use for it. */
async function openPublicPort(
  config: Config,
  { gate: { rules }, network, tunnel, record }: Parts,
  marks: Marks,
  log: Log,
  draining: () => boolean,
): Promise<Listener> {
  const [{ openListener: open }, { healthRoutes }, { webhookRoutes }] = await Promise.all([
    import('./http/listener.ts'),
    import('./http/health.ts'),
    import('./http/webhook.ts'),
  ]);
  const { port, tls, healthcheckPath } = config.listen;
  const health = healthRoutes({
    path: healthcheckPath,
    serverUrl: config.broker.serverUrl,
    version: agentVersion,
    tunnels: () => tunnel.state,
    draining,
  });
  const viaApi = createApiHost({ network, apiBaseUrl: config.broker.apiBaseUrl, token: config.broker.token });
  const webhooks = webhookRoutes({
    rules,
    secret: config.webhookSecret,
    // Decided before anything is sent: what a tunnel has lost may have arrived, and is not sent again.
    forward: (request) => (tunnel.open ? tunnel.request(request, WEBHOOK_MS) : viaApi(request)),
    record: (call) => record('webhook', call),
    keepQuery: config.audit.query,
    onEvent: ({ key, body }) => {
      const place = repositoryIn(key, body);
      if (place !== null) marks.add(place);
    },
  });
  const certificate = tls === null ? null : { cert: tls.cert, key: tls.key.reveal() };
  return open({ port, name: 'PORT', tls: certificate, routes: [health, webhooks], log });
}
