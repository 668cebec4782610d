import { randomUUID } from 'node:crypto';
import express, { type Request, type Response, Router } from 'express';
import type { CallRecord } from '../call.ts';
import { AgentError } from '../errors.ts';
import { HOP_BY_HOP } from '../hop-by-hop.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import { pathEnd } from '../rules/target.ts';
import type { OutboundAnswer, OutboundRequest } from '../tunnel/outbound.ts';

const LARGEST_WEBHOOK_BYTES = 1024 * 1024;
/** Of Snyk's answer, what Bitbucket may see. */
const ANSWER_HEADERS = ['content-type', 'snyk-request-id'];
/** Of Bitbucket's request, what is about the way it took and not about the event. */
const NOT_PASSED = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect', 'cookie', 'forwarded']);
/** A request id is copied into log lines and the tunnel: it may not be any length. */
const LONGEST_REQUEST_ID = 200;
const LONGEST_PATH = 500;

export interface WebhookOptions {
  readonly rules: RuleSet;
  /** Sends a request through the tunnel to Snyk. */
  forward(request: OutboundRequest): Promise<OutboundAnswer>;
  record(record: CallRecord): void;
}

/** `POST /webhook/…`: the accept list's `public` rules decide, then through the tunnel, and Snyk's answer back. */
export function webhookRoutes({ rules, forward, record }: WebhookOptions): Router {
  const router = Router();
  const raw = express.raw({ type: () => true, limit: LARGEST_WEBHOOK_BYTES, inflate: false });
  router.use('/webhook', raw, async (request: Request, response: Response) => {
    const started = performance.now();
    const url = request.originalUrl;
    const requestId = requestIdOf(request);
    const { method } = request;
    const body: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const headers = passedHeaders(request);
    const verdict = rules.decidePublic({ method, url, headers, body });
    const done = (status: number, code?: string) =>
      record({
        requestId,
        method,
        path: url.slice(0, Math.min(pathEnd(url), LONGEST_PATH)),
        allowed: verdict.allowed,
        ruleId: verdict.ruleId,
        reason: verdict.reason,
        status,
        bytes: body.length,
        ms: Math.round((performance.now() - started) * 100) / 100,
        ...(code === undefined ? {} : { code }),
      });
    if (!verdict.allowed) {
      response.status(401).json({ code: 'FILTER_BLOCKED', message: 'blocked', reason: verdict.reason, url });
      return done(401, 'FILTER_BLOCKED');
    }
    try {
      const answer = await forward({ method, url, headers, body, requestId });
      for (const name of ANSWER_HEADERS) {
        const value = answer.headers[name];
        if (typeof value === 'string') response.setHeader(name, value);
      }
      response.status(answer.status).end(answer.body);
      done(answer.status);
    } catch (error) {
      const failure =
        error instanceof AgentError
          ? error
          : new AgentError('INTERNAL', 'The webhook could not be relayed.', { cause: error });
      response.status(failure.status).json({ code: failure.code, message: failure.message });
      done(failure.status, failure.code);
    }
  });
  return router;
}

function requestIdOf(request: Request): string {
  const given = request.header('x-request-id');
  return given !== undefined && given.length <= LONGEST_REQUEST_ID ? given : randomUUID();
}

function passedHeaders(request: Request): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value !== 'string' || NOT_PASSED.has(name) || name.startsWith('x-forwarded-')) continue;
    headers[name] = value;
  }
  return headers;
}
