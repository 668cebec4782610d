import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type Response,
  type Router,
} from 'express';
import { AgentError, type ErrorCode, failureCode, HTTP_STATUS, placeOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { nodeHttp, nodeHttps } from '../node-http.ts';

export interface ListenerOptions {
  readonly port: number;
  /** The variable that names the port, for messages: `PORT`. */
  readonly name: string;
  /** The address it listens at; all when left out. */
  readonly host?: string;
  /** What to do when it cannot be opened. */
  readonly hint?: string;
  readonly tls: { readonly cert: string; readonly key: string } | null;
  readonly routes: readonly Router[];
  readonly log: Log;
}

/** A listener that is open. */
export interface Listener {
  readonly port: number;
  /** No new connections; those that serve a request may finish it. */
  close(): Promise<void>;
}

/**
 * Opens a port for Express routes. What no route answers is 404, what one throws is an error code without its text.
 *
 * @throws AgentError `LISTEN_FAILED` when the port cannot be had
 */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { port, name, host, tls, routes, log } = options;
  const { hint = `Set ${name} to a port that is free and that this user may open.` } = options;
  const app = express().disable('x-powered-by').disable('etag');
  for (const router of routes) app.use(router);
  app.use(
    (_request: Request, response: Response) =>
      void response.status(HTTP_STATUS.NOT_FOUND).json({ code: 'NOT_FOUND' }),
  );
  app.use(answerError(name, log));
  const server: Server = tls === null ? nodeHttp.createServer(app) : nodeHttps.createServer(tls, app);
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  server.listen(host === undefined ? { port } : { port, host });
  await once(server, 'listening').catch((cause: unknown) => {
    throw new AgentError('LISTEN_FAILED', `${name} ${port} cannot be opened (${failureCode(cause)}).`, {
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

const CODES: Readonly<Record<number, ErrorCode>> = { 413: 'PAYLOAD_TOO_LARGE', 415: 'UNSUPPORTED_ENCODING' };

/** The code that stands for what a body parser or a route threw. */
function errorCodeOf(error: unknown): ErrorCode {
  const given = error instanceof Error && 'status' in error ? Number(error.status) : 500;
  return CODES[given] ?? (given < 500 ? 'BAD_REQUEST' : 'INTERNAL');
}

/** Without its text: it may repeat what the caller sent. */
function answerError(port: string, log: Log): ErrorRequestHandler {
  return (error: unknown, request: Request, response: Response, _next: NextFunction) => {
    if (response.headersSent) {
      // Express itself would write the error, text and all, to stderr.
      log.error('defect', placeOf(error));
      if (!response.writableEnded) response.destroy();
      return;
    }
    const code = errorCodeOf(error);
    const status = HTTP_STATUS[code];
    response.status(status).json({ code });
    if (code === 'INTERNAL') log.error('defect', placeOf(error));
    else log.info('request refused', { port, method: request.method, status, code });
  };
}
