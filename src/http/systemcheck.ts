import { Router } from 'express';
import type { SystemcheckAnswer } from '../doctor/systemcheck.ts';
import { AgentError } from '../errors.ts';

/**
 * The official client's system check, in its form: an array of credentials, 200 when all of them are in order, else 500.
 *
 * @param path `BROKER_SYSTEMCHECK_PATH`
 */
export function systemcheckRoutes(path: string, check: () => Promise<SystemcheckAnswer>): Router {
  const router = Router();
  router.get(path, async (_request, response) => {
    response.setHeader('cache-control', 'no-store');
    try {
      const { ok, items } = await check();
      response.status(ok ? 200 : 500).json(items);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      response.status(500).json([{ ok: false, error: error.message }]);
    }
  });
  return router;
}
