import type { Request, Response } from 'express';
import { type ErrorCode, HTTP_STATUS } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { secure } from './security-headers.ts';

/** Answers with an error code and what to do. */
export function refuse(
  log: Log,
  request: Request,
  response: Response,
  code: ErrorCode,
  message: string,
): void {
  secure(response);
  logRefusal(log, request, response, code);
  response.json({ code, message });
}

/** Sets the status that belongs to the code. Nothing of the request but its method is logged. */
export function logRefusal(log: Log, request: Request, response: Response, code: ErrorCode): void {
  const status = HTTP_STATUS[code];
  log.info('request refused', { port: 'ADMIN_PORT', method: request.method, status, code });
  response.status(status);
}
