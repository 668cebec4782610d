import { type Request, type Response, Router } from 'express';
import type { CallRecord } from '../call.ts';
import type { Secret } from '../config/secret.ts';
import { AgentError, type ErrorCode, failureCode, HTTP_STATUS } from '../errors.ts';
import { recordedMs, recordedTarget } from '../recorded-call.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { OutboundAnswer, OutboundRequest } from '../tunnel/outbound.ts';
import { hasBody, hasOddCoding, readBody } from './request-call.ts';
import { answeredHeaders, passedHeaders, requestIdOf } from './webhook-headers.ts';
import { type Place, WebhookRoom } from './webhook-room.ts';
import { signatureFlaw } from './webhook-signature.ts';

const LARGEST_WEBHOOK_BYTES = 1024 * 1024;
/** For a whole body, from the end of its head. */
const BODY_MS = 10_000;
/** Bitbucket's test of a connection. Only this header tells of it: a body may say anything. */
const PING = 'diagnostics:ping';

/** An event that the accept list allows and whose signature, where one is asked for, is right. */
export interface WebhookEvent {
  /** `X-Event-Key`, such as `repo:refs_changed`; empty when there is none. */
  readonly key: string;
  /** As it came; without a secret anybody may have written it. */
  readonly body: Buffer;
}

export interface WebhookOptions {
  readonly rules: RuleSet;
  /** What webhooks must be signed with; `null`: they need no signature. */
  readonly secret: Secret | null;
  /** Sends a request to Snyk. */
  forward(request: OutboundRequest): Promise<OutboundAnswer>;
  record(record: CallRecord): void;
  /** Why no webhook is taken just now; `null` or left out: they are. */
  closed?(): ErrorCode | null;
  /** Records keep the query. */
  readonly keepQuery?: boolean;
  /** Hears of each event once it has been answered, whatever the answer was. Must not throw. */
  onEvent?(event: WebhookEvent): void;
  readonly room?: WebhookRoom;
}

const TURNED_AWAY: Partial<Readonly<Record<ErrorCode, string>>> = {
  PAYLOAD_TOO_LARGE: 'The body is over 1 MiB.',
  UNSUPPORTED_ENCODING: 'The body is compressed.',
  BAD_REQUEST: 'The body did not arrive whole.',
  TOO_MANY_WEBHOOKS: 'Too many webhooks at a time.',
  AUDIT_UNAVAILABLE: 'The audit trail cannot be written, so nothing is relayed.',
};

/** How a webhook ended. */
type Outcome = Pick<CallRecord, 'allowed' | 'ruleId' | 'reason' | 'status'> &
  Pick<Partial<CallRecord>, 'code' | 'cause'>;

/**
 * `POST /webhook/…`: size, then the accept list's `public` rules, then the signature. A ping is answered here, everything
 * else goes to Snyk as it came, byte for byte, and Snyk's answer comes back.
 */
export function webhookRoutes(options: WebhookOptions): Router {
  const { room = new WebhookRoom() } = options;
  const router = Router();
  router.use('/webhook', (request: Request, response: Response, next) => {
    const place = room.enter();
    const webhook = new Webhook(options, request, response);
    const failed = (defect: unknown) => {
      webhook.broken();
      next(defect);
    };
    void webhook.take(place).catch(failed).finally(place.leave);
  });
  return router;
}

/** One webhook: decided, answered, recorded. */
class Webhook {
  readonly #options: WebhookOptions;
  readonly #request: Request;
  readonly #response: Response;
  readonly #requestId: string;
  readonly #started = performance.now();
  #recorded = false;

  constructor(options: WebhookOptions, request: Request, response: Response) {
    this.#options = options;
    this.#request = request;
    this.#response = response;
    this.#requestId = requestIdOf(request);
  }

  async take(place: Place): Promise<void> {
    const barrier = this.#options.closed?.() ?? null;
    const body = barrier ?? (await this.#body(place));
    if (!Buffer.isBuffer(body)) return this.#turnAway(body);
    if (!place.begin()) return this.#turnAway('TOO_MANY_WEBHOOKS');
    await this.#serve(body);
  }

  /** Serving it failed on a defect; the listener answers. */
  broken(): void {
    const code = 'INTERNAL';
    this.#record({ allowed: false, ruleId: null, reason: code, status: HTTP_STATUS[code], code }, 0);
  }

  async #body(place: Place): Promise<Buffer | ErrorCode> {
    const encoding = this.#request.header('content-encoding') ?? 'identity';
    if (encoding.toLowerCase() !== 'identity') return 'UNSUPPORTED_ENCODING';
    if (hasOddCoding(this.#request)) return 'BAD_REQUEST';
    const limits = { largestBytes: LARGEST_WEBHOOK_BYTES, limitMs: BODY_MS };
    const body = await readBody(this.#request, place.take, limits);
    if (body === 'BUSY') return 'TOO_MANY_WEBHOOKS';
    if (body === 'gone') return 'BAD_REQUEST';
    return body ?? Buffer.alloc(0);
  }

  /** None is taken just now, or its body could not be read. */
  #turnAway(code: ErrorCode): void {
    // The rest of a body that nobody reads would be taken for the next request, or read to its end.
    if (hasBody(this.#request) && !this.#request.complete) this.#response.setHeader('connection', 'close');
    this.#refuse(code, { code, message: TURNED_AWAY[code] ?? 'not now' }, code, 0);
  }

  async #serve(body: Buffer): Promise<void> {
    const { rules, secret, onEvent } = this.#options;
    const { method, originalUrl: url } = this.#request;
    const headers = passedHeaders(this.#request);
    const verdict = rules.decidePublic({ method, url, headers, body });
    const { reason, ruleId } = verdict;
    if (!verdict.allowed) {
      const answer = { code: 'FILTER_BLOCKED', message: 'blocked', reason, url };
      return this.#refuse('FILTER_BLOCKED', answer, reason, body.length);
    }
    const flaw = secret === null ? null : signatureFlaw(this.#request, body, secret);
    if (flaw !== null) {
      const answer = { code: 'SIGNATURE_INVALID', message: 'X-Hub-Signature is not as it should be.' };
      return this.#refuse('SIGNATURE_INVALID', answer, flaw, body.length);
    }
    const key = this.#request.header('x-event-key') ?? '';
    if (key === PING) {
      this.#response.status(200).json({ ok: true });
      return this.#record({ allowed: true, ruleId, reason: 'ping', status: 200 }, body.length);
    }
    const outcome = await this.#relay({ method, url, headers, body, requestId: this.#requestId });
    this.#record({ allowed: true, ruleId, reason, ...outcome }, body.length);
    onEvent?.({ key, body });
  }

  async #relay(outbound: OutboundRequest): Promise<Pick<Outcome, 'status' | 'code' | 'cause'>> {
    const response = this.#response;
    try {
      const answer = await this.#options.forward(outbound);
      if (answer.status < 200) throw new AgentError('TUNNEL_ERROR', 'Snyk answered with no final status.');
      if (this.#gone) return { status: 0, code: 'ANSWER_LOST' };
      response.setHeaders(answeredHeaders(answer) as Map<string, string>);
      response.status(answer.status).end(answer.body);
      return { status: answer.status };
    } catch (error) {
      const failure =
        error instanceof AgentError
          ? error
          : new AgentError('INTERNAL', 'The webhook could not be relayed.', { cause: error });
      const { code, message, cause } = failure;
      const status = this.#gone ? 0 : failure.status;
      response.status(failure.status).json({ code, message });
      return { status, code, ...(cause === undefined ? {} : { cause: failureCode(cause) }) };
    }
  }

  /** Nobody waits for the answer any more. */
  get #gone(): boolean {
    const { destroyed, socket } = this.#response;
    return destroyed || socket?.destroyed === true;
  }

  #refuse(code: ErrorCode, answer: Readonly<Record<string, string>>, reason: string, bytes: number): void {
    const status = HTTP_STATUS[code];
    this.#response.status(status).json(answer);
    this.#record({ allowed: false, ruleId: null, reason, status, code }, bytes);
  }

  #record(outcome: Outcome, bytes: number): void {
    if (this.#recorded) return;
    this.#recorded = true;
    const { method, originalUrl: url } = this.#request;
    // Who sent it has gone, and was given nothing.
    const lost = this.#gone ? { status: 0, code: outcome.code ?? 'ANSWER_LOST' } : {};
    this.#options.record({
      requestId: this.#requestId,
      method,
      ...recordedTarget(url, this.#options.keepQuery === true),
      ...outcome,
      ...lost,
      bytes,
      ms: recordedMs(performance.now() - this.#started),
    });
  }
}
