import { type NextFunction, type Request, type Response, Router } from 'express';
import type { Send } from '../bitbucket/send.ts';
import type { Answer, AnswerHead, Call } from '../call.ts';
import { type ErrorCode, HTTP_STATUS, placeOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { Oddities } from '../tunnel/oddities.ts';
import { bearerCheck } from './bearer.ts';
import { HttpAnswer } from './http-answer.ts';
import { InFlight } from './in-flight.ts';
import type { Carrier } from './proxy-exchange.ts';
import { callOf, hasBody, hasOddCoding, readBody } from './request-call.ts';

const PREFIX = '/relay';
/** Calls at one time; as many as there are connections to Bitbucket. */
export const MOST_CALLS = 256;
/** Of all request bodies that are held at one time. */
const MOST_BODY_BYTES = 64 * 1024 * 1024;
/** For the answers that say that there is no more time. */
const LAST_WORDS_MS = 1_000;

export interface HttpRelayOptions {
  /** `RELAY_TOKEN`. */
  readonly token: string;
  /** What carries a call to Bitbucket. */
  readonly carrier: Carrier;
  /** The gate: `Relay.serve`. */
  serve(call: Call, answer: Answer, carry: Send): void;
  /** `Relay.turnAway`. */
  turnAway(call: Call, code: ErrorCode, answer: Answer): void;
  readonly log: Log;
}

/**
 * `/relay/…`: the way in for a Snyk Broker client that stands in front. What follows `/relay` in the raw request target
 * is the call's url; Express neither decodes nor matches it.
 */
export class HttpRelay {
  readonly router = Router();
  readonly #options: HttpRelayOptions;
  readonly #knows: (authorization: string | undefined) => boolean;
  readonly #dropped: Oddities;
  readonly #inFlight = new InFlight<HttpAnswer>();
  #bodyBytes = 0;
  #draining = false;

  constructor(options: HttpRelayOptions) {
    this.#options = options;
    this.#knows = bearerCheck(options.token);
    this.#dropped = new Oddities(options.log, 'left out of an answer of the HTTP relay');
    this.router.use((request: Request, response: Response, next: NextFunction) => {
      if (request.originalUrl.startsWith(`${PREFIX}/`)) void this.#take(request, response);
      else next();
    });
  }

  /** Takes no more calls; settles when all are answered, those that take longer than `ms` with an error. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    await this.#inFlight.emptied(
      [ms, (answer) => failWith(answer, 'STOPPING', 'This agent is being stopped.')],
      // Those whose callers do not read end here.
      [ms + LAST_WORDS_MS, (answer) => answer.abandon()],
    );
  }

  async #take(request: Request, response: Response): Promise<void> {
    const call = callOf(request, request.originalUrl.slice(PREFIX.length));
    let held = 0;
    const answer = new HttpAnswer(response, this.#dropped, () => {
      this.#bodyBytes -= held;
      held = 0;
      this.#inFlight.delete(answer);
    });
    try {
      const barrier = this.#barrier(request);
      // Who has no token takes up no place, however slowly the answer is read.
      if (barrier !== 'UNAUTHORIZED') this.#inFlight.add(answer);
      if (barrier !== null) return this.#turnAway(call, barrier, answer, request, response);
      const body = await readBody(request, (bytes) => {
        if (this.#bodyBytes + bytes > MOST_BODY_BYTES) return false;
        held += bytes;
        this.#bodyBytes += bytes;
        return true;
      });
      if (body === 'gone') return this.#turnAway(call, 'BAD_REQUEST', answer, request, response);
      if (typeof body === 'string') return this.#turnAway(call, body, answer, request, response);
      // Told so while its body came in: nothing may be sent for it.
      if (response.writableEnded) return this.#turnAway(call, 'STOPPING', answer, request, response);
      this.#options.serve({ ...call, body }, answer, this.#options.carrier(request, response));
    } catch (error) {
      this.#options.log.error('defect', placeOf(error));
      failWith(answer, 'INTERNAL', 'This agent failed on the request.');
    }
  }

  /** The token comes first: who has none learns nothing else. */
  #barrier(request: Request): ErrorCode | null {
    if (!this.#knows(request.headers.authorization)) return 'UNAUTHORIZED';
    if (this.#draining) return 'STOPPING';
    if (request.headers.upgrade !== undefined || hasOddCoding(request)) return 'BAD_REQUEST';
    return this.#inFlight.size >= MOST_CALLS ? 'BUSY' : null;
  }

  #turnAway(call: Call, code: ErrorCode, answer: Answer, request: Request, response: Response): void {
    const stranger = code === 'UNAUTHORIZED';
    if (stranger) response.setHeader('www-authenticate', 'Bearer');
    // The rest of a body that nobody reads would be taken for the next request, or read to its end.
    const unread = hasBody(request) && !request.complete;
    if ((stranger || unread) && !response.headersSent) response.setHeader('connection', 'close');
    this.#options.turnAway(call, code, answer);
  }
}

function failWith(answer: Answer, code: ErrorCode, message: string): void {
  const head: AnswerHead = {
    status: HTTP_STATUS[code],
    headers: { 'content-type': 'application/json' },
    errorType: code,
  };
  answer.fail(head, JSON.stringify({ code, message }), code);
}
