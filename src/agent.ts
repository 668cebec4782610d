import { withAuthorization } from './bitbucket/authorize.ts';
import { createExchange } from './bitbucket/exchange.ts';
import { withRetry } from './bitbucket/retry.ts';
import type { Config } from './config/config.ts';
import { type Gate, openGate } from './gate.ts';
import { healthRoutes } from './http/health.ts';
import { type Listener, openPublicListener } from './http/public-listener.ts';
import { webhookRoutes } from './http/webhook.ts';
import type { Log } from './log.ts';
import { createNetwork } from './network.ts';
import { Relay, type RelayRecord } from './relay/relay.ts';
import { createSubstitution } from './relay/substitution.ts';
import { tellBitbucket, tellStart } from './start-report.ts';
import { Tunnel } from './tunnel/tunnel.ts';
import { agentVersion } from './version.ts';

/** How long calls in flight may take after SIGTERM, as with the official client. */
const DRAIN_MS = 12_000;

/** What a call may have written into it, where that is allowed at all: addresses, and nothing else of the environment. */
const SUBSTITUTED = new Set(['BROKER_CLIENT_URL', 'BITBUCKET', 'BITBUCKET_API', 'BITBUCKET_GIT']);

/** A running agent. */
export interface Agent {
  /** Tells the server, answers what is in flight and what still arrives, closes everything. */
  drain(signal: string): Promise<void>;
}

/**
 * Makes and wires every part, opens the public port and begins to connect.
 *
 * @throws ConfigError when the accept list cannot be used, before any port opens
 * @throws AgentError `LISTEN_FAILED`
 */
export async function startAgent(config: Config, log: Log): Promise<Agent> {
  const gate = openGate(config, log);
  const network = createNetwork(config.network);
  const send = withAuthorization(withRetry(createExchange(network, config.bitbucket.timeouts)));
  const relay = new Relay({
    rules: gate.rules,
    loginOf: gate.loginOf,
    send,
    substitution: config.allowVariableSubstitution
      ? createSubstitution((name) => (SUBSTITUTED.has(name) ? config.variable(name) : undefined))
      : null,
    record: (record) => logRecord(log, record),
  });
  const { broker } = config;
  const tunnel = new Tunnel({
    serverUrl: broker.serverUrl,
    token: broker.token.reveal(),
    filters: gate.rules.filters,
    agentVersion,
    highAvailability: broker.haMode ? broker : null,
    network,
    log,
    serve: (call, answer) => relay.serve(call, answer),
  });
  let draining = false;
  const listener = await openListener(config, gate, tunnel, log, () => draining);
  tellStart(config, gate, listener.port, log);
  void tunnel.start();
  void tellBitbucket(config, gate, send, log);
  return {
    drain: async (signal) => {
      draining = true;
      await tunnel.drain(signal, DRAIN_MS);
      await listener.close();
      await network.close();
    },
  };
}

function openListener(
  config: Config,
  { rules }: Gate,
  tunnel: Tunnel,
  log: Log,
  draining: () => boolean,
): Promise<Listener> {
  const { port, tls, healthcheckPath } = config.listen;
  const health = healthRoutes({
    path: healthcheckPath,
    serverUrl: config.broker.serverUrl,
    version: agentVersion,
    tunnels: () => tunnel.state,
    draining,
  });
  const webhooks = webhookRoutes({ rules, forward: (request) => tunnel.request(request), log });
  const certificate = tls === null ? null : { cert: tls.cert, key: tls.key.reveal() };
  return openPublicListener({ port, tls: certificate, routes: [health, webhooks], log });
}

function logRecord(log: Log, record: RelayRecord): void {
  log.info(record.allowed ? 'relayed' : 'refused', { ...record });
}
