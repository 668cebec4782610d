import { Router } from 'express';

/** One socket of the tunnel, as far as health is concerned. */
export interface TunnelHealth {
  readonly role: string;
  readonly open: boolean;
  readonly since: number;
}

export interface HealthOptions {
  /** `BROKER_HEALTHCHECK_PATH`. */
  readonly path: string;
  /** The broker server, without the token. */
  readonly serverUrl: string;
  readonly version: string;
  tunnels(): readonly TunnelHealth[];
  /** The process is on its way out. */
  draining(): boolean;
}

/** `/livez` is the process, `/readyz` is the tunnel: an outage at Snyk makes a pod unready and restarts none. */
export function probeRoutes(options: Pick<HealthOptions, 'tunnels' | 'draining'>): Router {
  const router = Router();
  const open = () => options.tunnels().some((tunnel) => tunnel.open);

  router.get('/livez', (_request, response) => void response.json({ ok: true }));

  router.get('/readyz', (_request, response) => {
    const ready = open() && !options.draining();
    response
      .status(ready ? 200 : 503)
      .json({ ok: ready, tunnel: open() ? 'open' : 'closed', draining: options.draining() });
  });
  return router;
}

/** The probes, and the healthcheck in the official client's form: an array of tunnels, 200 if one is open, else 500. */
export function healthRoutes(options: HealthOptions): Router {
  const router = Router();
  router.use(probeRoutes(options));

  router.get(options.path, (_request, response) => {
    const tunnels = options.tunnels().map((tunnel) => ({
      ok: tunnel.open,
      websocketConnectionOpen: tunnel.open,
      brokerServerUrl: options.serverUrl,
      version: options.version,
      transport: 'websocket',
      role: tunnel.role,
      since: new Date(tunnel.since).toISOString(),
    }));
    response.status(tunnels.some(({ ok }) => ok) ? 200 : 500).json(tunnels);
  });
  return router;
}
