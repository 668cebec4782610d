import { type NextFunction, type Request, type Response, Router } from 'express';
import type { Send } from '../bitbucket/send.ts';
import { type AgentError, type ErrorCode, failureCode, HTTP_STATUS, placeOf } from '../errors.ts';
import { MARKS_PATH, MOST_REQUESTS } from '../inventory/keeper/keeper.ts';
import { LARGEST_NOTICE_BYTES, readNotice } from '../inventory/keeper/mark-notice.ts';
import type { Place } from '../inventory/ledger/ledger.ts';
import type { Log } from '../log.ts';
import { AGENT_ORIGIN } from '../rules/agent-origin.ts';
import { Oddities } from '../tunnel/oddities.ts';
import { bearerCheck } from './bearer.ts';
import { ERROR_TYPE_HEADER, HttpAnswer } from './http-answer.ts';
import { InFlight } from './in-flight.ts';
import { hasBody, hasOddCoding, readBody } from './request-call.ts';

/** What rules of the origin `agent:` can let through, be it a list or not. */
const LISTS = /^\/essentials\/v1(?=[/?]|$)/i;
const NOTICE_MS = 10_000;
/** Wrong tokens are told of once in so many milliseconds. */
const TELL_MS = 60_000;

export interface InventoryRoutesOptions {
  /** Asked for by everything but `/livez`. */
  readonly token: string;
  /** The lists of the inventory. */
  readonly pull: Send;
  /** Marks a repository to be read. @returns false when it was not taken */
  mark(place: Place): boolean;
  readonly log: Log;
}

/** `INVENTORY_PORT`: the inventory for other agents, and the repositories that webhooks have marked there. */
export class InventoryRoutes {
  readonly router = Router();
  readonly #options: InventoryRoutesOptions;
  readonly #knows: (authorization: string | undefined) => boolean;
  readonly #dropped: Oddities;
  readonly #inFlight = new InFlight<Response>();
  readonly #strangers = { count: 0, told: Number.NEGATIVE_INFINITY };
  #draining = false;

  constructor(options: InventoryRoutesOptions) {
    this.#options = options;
    this.#knows = bearerCheck(options.token);
    this.#dropped = new Oddities(options.log, 'left out of an answer of the inventory');
    this.router.get('/livez', (_request: Request, response: Response) => void response.json({ ok: true }));
    this.router.use((request: Request, response: Response, next: NextFunction) => {
      this.#take(request, response, next);
    });
  }

  /** Takes no more requests; settles when all are answered, those that take longer than `ms` are broken off. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    await this.#inFlight.emptied([ms, (response) => response.destroy()]);
  }

  #take(request: Request, response: Response, next: NextFunction): void {
    const { method, originalUrl: url } = request;
    // Who has no token learns nothing else and takes up no place.
    if (!this.#knows(request.headers.authorization)) return this.#stranger(request, response);
    if (this.#draining) return refuse(request, response, 'STOPPING');
    if (this.#inFlight.size >= MOST_REQUESTS) return refuse(request, response, 'BUSY');
    this.#inFlight.add(response);
    response.on('close', () => this.#inFlight.delete(response));
    if (hasOddCoding(request)) return refuse(request, response, 'BAD_REQUEST');
    const isRead = method === 'GET' || method === 'HEAD';
    if (isRead && LISTS.test(url)) return this.#pull(request, response);
    if (method !== 'POST' || url !== MARKS_PATH) return next();
    void this.#mark(request, response).catch((error: unknown) => {
      this.#options.log.error('defect', placeOf(error));
      refuse(request, response, 'INTERNAL');
    });
  }

  #stranger(request: Request, response: Response): void {
    const strangers = this.#strangers;
    strangers.count += 1;
    const now = performance.now();
    if (now - strangers.told >= TELL_MS) {
      const { count } = strangers;
      this.#options.log.warn('wrong token at INVENTORY_PORT', {
        count,
        from: request.socket.remoteAddress,
        hint: STRANGER_HINT,
      });
      strangers.count = 0;
      strangers.told = now;
    }
    response.setHeader('www-authenticate', 'Bearer').setHeader('connection', 'close');
    refuse(request, response, 'UNAUTHORIZED');
  }

  /** The list as the tunnel would be given it here, byte for byte. */
  #pull(request: Request, response: Response): void {
    const { method, originalUrl: path } = request;
    if (hasBody(request)) response.setHeader('connection', 'close');
    const answer = new HttpAnswer(response, this.#dropped, () => {});
    const flight = this.#options.pull(
      { origin: AGENT_ORIGIN, path, method, headers: {}, body: null, login: null },
      {
        head: (status, headers) => {
          const plain = Object.entries(headers).flatMap(([name, value]) =>
            typeof value === 'string' ? [[name, value] as const] : [],
          );
          answer.begin({ status, headers: Object.fromEntries(plain) });
        },
        data: (chunk) => answer.write(chunk),
        end: () => answer.end(),
        failed: (error) => this.#failed(error, answer),
      },
    );
    answer.listen({ drained: () => flight.resume(), closed: () => flight.cancel() });
  }

  #failed(error: AgentError, answer: HttpAnswer): void {
    const { code, status } = error;
    this.#options.log.warn('the inventory cannot be read', { code, cause: failureCode(error.cause) });
    const headers = { 'content-type': 'application/json' };
    answer.fail({ status, headers, errorType: code }, JSON.stringify({ code }), code);
  }

  async #mark(request: Request, response: Response): Promise<void> {
    const { log, mark } = this.#options;
    if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      return refuse(request, response, 'UNSUPPORTED_ENCODING');
    }
    const limits = { largestBytes: LARGEST_NOTICE_BYTES, limitMs: NOTICE_MS };
    const body = await readBody(request, () => true, limits);
    if (body === 'PAYLOAD_TOO_LARGE') return refuse(request, response, body);
    if (typeof body === 'string') return refuse(request, response, 'BAD_REQUEST');
    const places = readNotice(body ?? Buffer.alloc(0));
    if (typeof places === 'string') return refuse(request, response, 'BAD_REQUEST', places);
    const taken = places.filter((place) => mark(place)).length;
    if (taken < places.length) return refuse(request, response, 'MARKS_NOT_TAKEN');
    log.debug('marks taken', { count: taken });
    response.writeHead(204).end();
  }
}

const STRANGER_HINT =
  'Another agent of yours has another INVENTORY_TOKEN or, where it is not set, another BROKER_TOKEN; or somebody tries this port.';

/** @param reason what is wrong with what was sent */
function refuse(request: Request, response: Response, code: ErrorCode, reason?: string): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  // The rest of a body that nobody reads would be taken for the next request, or read to its end.
  if (hasBody(request) && !request.complete) response.setHeader('connection', 'close');
  response.setHeader(ERROR_TYPE_HEADER, code);
  response.status(HTTP_STATUS[code]).json(reason === undefined ? { code } : { code, reason });
}
