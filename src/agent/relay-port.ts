import { withAuthorization } from '../bitbucket/authorize.ts';
import { withRetry } from '../bitbucket/retry.ts';
import type { Send } from '../bitbucket/send.ts';
import type { Config } from '../config/config.ts';
import type { HttpRelay } from '../http/relay.ts';
import { withLocalOrigin } from '../inventory/pull/local-origin.ts';
import type { Log } from '../log.ts';
import type { Network } from '../network/network.ts';
import type { Relay } from '../relay/relay.ts';
import { AGENT_ORIGIN } from '../rules/agent-origin.ts';

export interface RelayPortParts {
  readonly network: Network;
  /** The gate, whose records say `http-relay`. */
  readonly relay: Relay;
  /** Answers the rules of the origin `agent:`. */
  readonly pull: Send;
}

/** The way in by HTTP. */
export interface RelayPort {
  /** For the operators' port where there is no port of its own: first of its routes, as it asks for its own token. */
  readonly router: HttpRelay['router'];
  /** The port of its own; `null` when there is none. */
  readonly port: number | null;
  /** Takes no more calls; settles when those under way are answered, the last of them with an error after `ms`. */
  drain(ms: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens `/relay/…`, on `RELAY_PORT` where that is set; `null` when `HTTP_RELAY` is off. Express and the proxy are loaded
 * only then.
 *
 * @throws AgentError `LISTEN_FAILED`
 */
export async function openRelayPort(
  config: Config,
  { network, relay, pull }: RelayPortParts,
  log: Log,
): Promise<RelayPort | null> {
  if (config.relay === null) return null;
  const [{ HttpRelay, MOST_CALLS }, { createProxyCarrier }, { openListener }] = await Promise.all([
    import('../http/relay.ts'),
    import('../http/proxy-exchange.ts'),
    import('../http/listener.ts'),
  ]);
  const { token, listen } = config.relay;
  const road = new HttpRelay({
    token: token.reveal(),
    carrier: createProxyCarrier(network, config.bitbucket.timeouts, MOST_CALLS),
    serve: (call, answer, carry) =>
      relay.serve(call, answer, withLocalOrigin(withAuthorization(withRetry(carry)), AGENT_ORIGIN, pull)),
    turnAway: (call, code, answer) => relay.turnAway(call, code, answer),
    log,
  });
  const { tls } = config.listen;
  const certificate = tls === null ? null : { cert: tls.cert, key: tls.key.reveal() };
  const listener =
    listen === null
      ? null
      : await openListener({ ...listen, name: 'RELAY_PORT', tls: certificate, routes: [road.router], log });
  return {
    router: road.router,
    port: listener?.port ?? null,
    drain: (ms) => road.drain(ms),
    close: async () => listener?.close(),
  };
}
