import { withAuthorization } from './bitbucket/authorize.ts';
import { createExchange } from './bitbucket/exchange.ts';
import { probeBitbucket } from './bitbucket/probe.ts';
import { withRetry } from './bitbucket/retry.ts';
import type { Send } from './bitbucket/send.ts';
import type { Config } from './config/config.ts';
import { type Gate, openGate } from './gate.ts';
import { healthRoutes } from './http/health.ts';
import { type Listener, openPublicListener } from './http/public-listener.ts';
import { webhookRoutes } from './http/webhook.ts';
import type { Log } from './log.ts';
import { createNetwork } from './network.ts';
import { Relay, type RelayRecord } from './relay/relay.ts';
import { createSubstitution } from './relay/substitution.ts';
import { Tunnel } from './tunnel/tunnel.ts';
import { agentVersion } from './version.ts';

/** How long calls in flight may take after SIGTERM, as with the official client. */
const DRAIN_MS = 12_000;

/** Where Bitbucket tells its version to everybody, as rules on the REST base and on the host itself see it. */
const VERSION_URLS = ['/application-properties', '/rest/api/1.0/application-properties'];

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
    ...gate,
    send,
    substitution: config.allowVariableSubstitution
      ? createSubstitution((name) => config.variable(name))
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
  tellStart(config, gate, listener, log);
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
  return openPublicListener({ port, tls: certificate, routes: [health, webhooks] });
}

function tellStart(config: Config, { rules }: Gate, listener: Listener, log: Log): void {
  log.info('started', {
    version: agentVersion,
    node: process.version,
    profile: config.profileName,
    port: listener.port,
    brokerServer: config.broker.serverUrl,
    bitbucket: config.bitbucket.baseUrl,
    acceptList: config.accept.path,
    rules: rules.private.length,
    publicRules: rules.public.length,
    writes: config.allowWrites,
    highAvailability: config.broker.haMode,
  });
  for (const warning of config.warnings) log.warn('configuration', { warning });
}

/** Says at start whether Bitbucket is there. The agent serves either way: the call goes through the accept list too. */
async function tellBitbucket(config: Config, { rules, loginOf }: Gate, send: Send, log: Log): Promise<void> {
  const asks = VERSION_URLS.map((url) => ({
    url,
    ...rules.decide({ method: 'GET', url, headers: {}, body: null }),
  }));
  const ask = asks.find(({ rule }) => rule !== null);
  if (!ask?.rule) return log.info('Bitbucket is not looked at: no rule allows it', { urls: VERSION_URLS });
  const { rule, url } = ask;
  const probe = await probeBitbucket(send, {
    origin: rule.origin,
    path: rule.basePath + url,
    login: loginOf(rule),
  });
  const { baseUrl } = config.bitbucket;
  if (!probe.answers) {
    const hint =
      'Calls are answered with 502 or 504 until it does. Check BITBUCKET_URL, the proxy and the firewall.';
    return log.warn('Bitbucket does not answer', {
      baseUrl,
      code: probe.error.code,
      reason: probe.error.message,
      hint,
    });
  }
  if (probe.version !== null) return log.info('Bitbucket answers', { baseUrl, version: probe.version });
  log.warn('what answers is not Bitbucket', {
    baseUrl,
    status: probe.status,
    hint: 'Check the path in BITBUCKET_URL.',
  });
}

function logRecord(log: Log, record: RelayRecord): void {
  log.info(record.allowed ? 'relayed' : 'refused', { ...record });
}
