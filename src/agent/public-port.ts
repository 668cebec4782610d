import type { Config } from '../config/config.ts';
import type { Listener } from '../http/listener.ts';
import type { WebhookRoom } from '../http/webhook-room.ts';
import type { Marks } from '../inventory/marks.ts';
import { repositoryIn } from '../inventory/repository-event.ts';
import type { Log } from '../log.ts';
import { createApiHost } from '../tunnel/api-host.ts';
import { agentVersion } from '../version.ts';
import type { Parts } from './assembly.ts';
import { bitbucketOf } from './examination.ts';

/** For Snyk's answer to a webhook. */
const WEBHOOK_MS = 30_000;

export interface PublicPortOptions {
  readonly config: Config;
  readonly parts: Parts;
  /** Where repositories go that a webhook has named. */
  readonly marks: Marks;
  draining(): boolean;
  readonly log: Log;
}

export interface PublicPort extends Listener {
  /** Settles when the webhooks under way are answered, or after `ms`. */
  drain(ms: number): Promise<void>;
}

/**
 * Opens the public port: health, webhooks and the system check. Express takes 6 MiB, so it is loaded here and not by
 * commands that open no port.
 *
 * @throws AgentError `LISTEN_FAILED`
 */
export async function openPublicPort(options: PublicPortOptions): Promise<PublicPort> {
  const { config, parts, log, draining } = options;
  const [{ openListener }, { healthRoutes }, { WebhookRoom }] = await Promise.all([
    import('../http/listener.ts'),
    import('../http/health.ts'),
    import('../http/webhook-room.ts'),
  ]);
  const { port, tls, healthcheckPath } = config.listen;
  const health = healthRoutes({
    path: healthcheckPath,
    serverUrl: config.broker.serverUrl,
    version: agentVersion,
    tunnels: () => parts.tunnel.state,
    draining,
  });
  const certificate = tls === null ? null : { cert: tls.cert, key: tls.key.reveal() };
  const room = new WebhookRoom();
  const routes = [health, await webhooks(options, room), await systemcheck(options)];
  const listener = await openListener({ port, name: 'PORT', tls: certificate, routes, log });
  return { ...listener, drain: (ms) => room.emptied(ms) };
}

async function webhooks({ config, parts, marks, log }: PublicPortOptions, room: WebhookRoom) {
  const { webhookRoutes } = await import('../http/webhook.ts');
  const { gate, network, tunnel, record, unaudited } = parts;
  const { apiBaseUrl, token } = config.broker;
  const viaApi = createApiHost({ network, apiBaseUrl, token });
  return webhookRoutes({
    rules: gate.rules,
    secret: config.webhookSecret,
    // Decided before anything is sent: what a tunnel has lost may have arrived, and is not sent again.
    forward: (request) => (tunnel.open ? tunnel.request(request, WEBHOOK_MS) : viaApi(request)),
    record: (call) => record('webhook', call),
    closed: unaudited,
    keepQuery: config.audit.query,
    room,
    onEvent: ({ key, body }) => {
      const place = repositoryIn(key, body);
      if (place !== null && !marks.add(place)) log.debug('repository is not marked', { id: place.sourceId });
    },
  });
}

async function systemcheck({ config, parts }: PublicPortOptions) {
  const [{ systemcheckRoutes }, { createSystemcheck }] = await Promise.all([
    import('../http/systemcheck.ts'),
    import('../doctor/systemcheck.ts'),
  ]);
  return systemcheckRoutes(config.listen.systemcheckPath, createSystemcheck(bitbucketOf(config, parts)));
}
