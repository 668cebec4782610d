import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { openTrail } from '../audit/file-trail.ts';
import { noTrail, type Trail } from '../audit/trail.ts';
import { withAuthorization } from '../bitbucket/authorize.ts';
import { withBarrier } from '../bitbucket/barrier.ts';
import { createExchange } from '../bitbucket/exchange.ts';
import { withRetry } from '../bitbucket/retry.ts';
import type { Send } from '../bitbucket/send.ts';
import type { CallListener } from '../call.ts';
import type { Config } from '../config/config.ts';
import { AgentError, ConfigError, type ErrorCode } from '../errors.ts';
import type { Destination } from '../inventory/deliver/destination.ts';
import { httpsDestination } from '../inventory/deliver/https-destination.ts';
import { tunnelDestination } from '../inventory/deliver/tunnel-destination.ts';
import { Inventory, type InventoryOptions } from '../inventory/inventory.ts';
import { forwardPull } from '../inventory/keeper/forward.ts';
import { withLocalOrigin } from '../inventory/pull/local-origin.ts';
import type { Log } from '../log.ts';
import { createNetwork, type Network } from '../network/network.ts';
import { Relay, type RelayOptions } from '../relay/relay.ts';
import { substitutionOf } from '../relay/substitution.ts';
import { AGENT_ORIGIN } from '../rules/agent-origin.ts';
import { Tunnel } from '../tunnel/tunnel.ts';
import { agentVersion } from '../version.ts';
import { type Gate, openGate } from './gate.ts';
import { PauseSwitch } from './pause-switch.ts';
import { RecentCalls } from './recent-calls.ts';
import { logCalls, tellAll } from './recorder.ts';

/** How long calls in flight may take after SIGTERM, as with the official client. */
export const DRAIN_MS = 12_000;

/** All parts, made and wired; nothing connects yet. */
export interface Parts {
  readonly gate: Gate;
  readonly network: Network;
  /** To Bitbucket, with authorisation, for the agent's own calls: none goes out while it cannot be audited and must be. */
  readonly send: Send;
  readonly tunnel: Tunnel;
  readonly inventory: Inventory;
  /** Answers the rules of the origin `agent:`, from this agent's inventory or from the one that another keeps. */
  readonly pull: Send;
  readonly recent: RecentCalls;
  readonly pauseSwitch: PauseSwitch;
  /** The same gate as the tunnel's, for what comes by HTTP. */
  readonly httpRelay: Relay;
  readonly trail: Trail;
  /** Why nothing at all may happen without its audit record just now; `null`: records are written, or need not be. */
  unaudited(): ErrorCode | null;
  /** Hears of every call that is over. */
  readonly record: CallListener;
}

/** Who makes the parts. */
export interface AssemblyOptions {
  /** As the audit trail names it. */
  readonly command: 'run' | 'sync' | 'preview' | 'doctor';
  /** Where the log goes, and audit records with it (`AUDIT_STDOUT`). */
  readonly output: NodeJS.WriteStream;
  /** Hear of every call, behind the trail and the log. */
  readonly listeners?: readonly CallListener[];
}

/**
 * Makes every part and opens the audit trail; for the doctor only where there is one.
 *
 * @throws ConfigError when the accept list cannot be used, or `run` has an inventory to keep and no place for it
 */
export function assemble(config: Config, log: Log, options: AssemblyOptions): Parts {
  const gate = openGate(config, log);
  const network = createNetwork(config.network);
  const { broker, stateDir } = config;
  const relayed = withAuthorization(withRetry(createExchange(network, config.bitbucket.timeouts)));
  const send = withBarrier(relayed, () => unaudited());
  const recent = new RecentCalls();
  const pauseSwitch = new PauseSwitch({
    stateDir,
    follow: options.command !== 'run',
    log,
    audited: (event) => trail.event(event),
  });
  const tunnel: Tunnel = new Tunnel({
    serverUrl: broker.serverUrl,
    token: broker.token.reveal(),
    filters: gate.rules.filters,
    agentVersion,
    highAvailability: broker.haMode ? broker : null,
    network,
    log,
    serve: (...call) => relay.serve(...call),
    turnedAway: (...call) => relay.turnedAway(...call),
  });
  const inventory = new Inventory({
    ...inventoryParts(config, gate),
    send,
    destination: destinationOf(config, network, tunnel),
    record: (road, call) => record(road, call),
    closed: () => unaudited(),
  });
  const { inventoryPlace: place } = config;
  const pull = place.kind === 'there' ? forwardPull(network, place, log) : inventory.pull;
  if (options.command === 'run' && config.inventory.enabled) checkState(inventory);
  const trail = beginTrail(config, gate, log, options);
  const record = tellAll([
    trail.call.bind(trail),
    logCalls(log),
    recent.listener,
    ...(options.listeners ?? []),
  ]);
  const unaudited = (): ErrorCode | null =>
    config.audit.onError === 'refuse' && trail.state().failing !== null ? 'AUDIT_UNAVAILABLE' : null;
  const gateway = {
    ...relayParts(config, gate),
    send: withLocalOrigin(relayed, AGENT_ORIGIN, pull),
    closed: (): ErrorCode | null => (pauseSwitch.paused ? 'PAUSED' : unaudited()),
  };
  const relay = new Relay({ ...gateway, record: (call) => record('tunnel', call) });
  const httpRelay = new Relay({ ...gateway, record: (call) => record('http-relay', call) });
  return {
    ...{ gate, network, send, tunnel, inventory, pull, recent, pauseSwitch, httpRelay, trail, unaudited },
    record,
  };
}

/**
 * Ends what the parts hold. The trail comes last: it hears how the rest ends.
 *
 * @param signal `null`: the work was done
 */
export async function dismantle({ network, trail }: Parts, signal: string | null): Promise<void> {
  await network.close();
  // What was cut off is told in the turn that comes.
  await turn();
  trail.event('stopped', { signal });
  await trail.close();
}

const inventoryParts = (
  config: Config,
  { rules, loginOf }: Gate,
): Omit<InventoryOptions, 'send' | 'destination' | 'record' | 'closed' | 'now'> => ({
  settings: config.inventory,
  profileName: config.profileName ?? '',
  serviceType: config.serviceType,
  bitbucket: {
    baseUrl: config.bitbucket.baseUrl,
    apiUrl: `${config.bitbucket.scheme}://${config.bitbucket.api}`,
  },
  stateDir: config.stateDir,
  rules,
  loginOf,
  receiver: receiverOf(config),
  keepQuery: config.audit.query,
});

const relayParts = (
  config: Config,
  { rules, loginOf }: Gate,
): Pick<RelayOptions, 'rules' | 'loginOf' | 'substitution' | 'keepQuery'> => ({
  rules,
  loginOf,
  substitution: substitutionOf(config),
  keepQuery: config.audit.query,
});

function beginTrail(
  config: Config,
  { rulesHash }: Gate,
  log: Log,
  { command, output }: AssemblyOptions,
): Trail {
  const { secrets } = config;
  // Whoever looks, perhaps as another user, makes no folder that the agent could not write in.
  if (command === 'doctor' && !existsSync(config.audit.folder)) return noTrail;
  const trail = openTrail(config.audit, { rulesHash, secrets, log, output });
  trail.event('started', { command, version: agentVersion, pid: process.pid });
  return trail;
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
