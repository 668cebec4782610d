import { Router } from 'express';

/** The metrics as text. */
export interface MetricsText {
  readonly contentType: string;
  metrics(): Promise<string>;
}

/** `GET /metrics`, in Prometheus' text format. It belongs on the operators' port: rule ids and counts are in it. */
export function metricsRoutes(registry: MetricsText): Router {
  const router = Router();
  router.get('/metrics', async (_request, response) => {
    const text = await registry.metrics();
    response.set('content-type', registry.contentType).set('cache-control', 'no-store').end(text);
  });
  return router;
}
