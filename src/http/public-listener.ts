import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { AgentError, failureCode } from '../errors.ts';

export interface ListenerOptions {
  readonly port: number;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly routes: readonly Router[];
}

/** A listener that is open. */
export interface Listener {
  readonly port: number;
  /** No new connections; those that serve a request may finish it. */
  close(): Promise<void>;
}

/**
 * Opens the public port: health and webhooks, nothing else.
 *
 * @throws AgentError `LISTEN_FAILED` when the port cannot be had
 */
export async function openPublicListener({ port, tls, routes }: ListenerOptions): Promise<Listener> {
  const app = express().disable('x-powered-by').disable('etag');
  for (const router of routes) app.use(router);
  app.use((_request: Request, response: Response) => void response.status(404).json({ code: 'NOT_FOUND' }));
  app.use(answerError);
  const server: Server = tls === null ? createServer(app) : createTlsServer(tls, app);
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  server.listen(port);
  await once(server, 'listening').catch((cause: unknown) => {
    const hint = 'Set PORT to a port that is free and that this user may open.';
    throw new AgentError('LISTEN_FAILED', `PORT ${port} cannot be opened (${failureCode(cause)}).`, {
      cause,
      hint,
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeIdleConnections();
      const giveUp = setTimeout(() => server.closeAllConnections(), 2_000);
      await once(server, 'close');
      clearTimeout(giveUp);
    },
  };
}

/** What a body parser or a route threw, without its text: it may repeat what the caller sent. */
function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) return next(error);
  const status =
    error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500;
  const code = status === 413 ? 'PAYLOAD_TOO_LARGE' : status < 500 ? 'BAD_REQUEST' : 'INTERNAL';
  response.status(status).json({ code });
}
