import { createExchange } from '../../bitbucket/exchange.ts';
import { withRetry } from '../../bitbucket/retry.ts';
import { type Flight, REPEATABLE, type ReplySink, type Send } from '../../bitbucket/send.ts';
import { AgentError, failureCode } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Network } from '../../network/network.ts';
import {
  isDocument,
  KEEPER_LIMITS,
  type Keeper,
  keeperAuthorization,
  keeperPlace,
  PULL_CONNECTIONS,
  refusalHint,
  refusalOf,
  SILENCE_HINT,
} from './keeper.ts';
import { Outage } from './outage.ts';

/** What the keeper's own lists answer with (`pull.ts`). */
const STATUSES: ReadonlySet<number> = new Set([200, 400, 404, 405, 503]);
const PASSED = ['content-type', 'content-length', 'cache-control', 'allow'] as const;

/**
 * Asks the agent that keeps the inventory, and passes its answers on unchanged. Nothing of the caller goes there but
 * method, path and query. What is no answer of its lists, and no answer at all, fails with `INVENTORY_UNREACHABLE`: to
 * Snyk's side its 401 would mean that the accept list refuses.
 */
export function forwardPull(network: Network, keeper: Keeper, log: Log): Send {
  const { origin, basePath } = keeperPlace(keeper);
  const exchange = withRetry(createExchange(network, KEEPER_LIMITS, PULL_CONNECTIONS));
  const outage = new Outage(log, 'the inventory cannot be asked for');
  const headers = { authorization: keeperAuthorization(keeper), 'accept-encoding': 'identity' };
  return ({ method, path }, sink) => {
    if (!REPEATABLE.has(method)) return refused(sink);
    const reply = new KeeperReply(sink, outage, method === 'HEAD');
    reply.flight = exchange(
      { origin, path: basePath + path, method, headers, body: null, login: null },
      reply,
    );
    return reply;
  };
}

function refused(sink: ReplySink): Flight {
  const error = new AgentError('BAD_REQUEST', 'The inventory is only read.');
  const turn = setImmediate(() => sink.failed(error));
  return { resume() {}, cancel: () => clearImmediate(turn) };
}

/** One answer of the keeper on its way to the caller. */
class KeeperReply implements ReplySink, Flight {
  flight: Flight | null = null;
  readonly #sink: ReplySink;
  readonly #outage: Outage;
  readonly #bodyless: boolean;
  #over = false;

  constructor(sink: ReplySink, outage: Outage, bodyless: boolean) {
    this.#sink = sink;
    this.#outage = outage;
    this.#bodyless = bodyless;
  }

  head(status: number, headers: Parameters<ReplySink['head']>[1]): void {
    if (!this.#isOwn(status, headers)) {
      this.flight?.cancel();
      const reason = refusalOf(status, headers);
      return this.#fail(reason, refusalHint(status, reason), Object.assign(new Error(), { code: reason }));
    }
    this.#sink.head(status, Object.fromEntries(PASSED.map((name) => [name, headers[name]])));
  }

  data(chunk: Buffer): boolean {
    return this.#over || this.#sink.data(chunk);
  }

  end(): void {
    if (this.#over) return;
    this.#outage.succeeded();
    this.#sink.end();
  }

  failed(error: AgentError): void {
    const cause = error.cause ?? error;
    this.#fail(failureCode(cause), error.hint ?? SILENCE_HINT, cause);
  }

  resume(): void {
    this.flight?.resume();
  }

  cancel(): void {
    this.#over = true;
    this.flight?.cancel();
  }

  /** Of a body that has neither a length nor chunks nobody could tell whether it is whole; others come coded. */
  #isOwn(status: number, headers: Parameters<ReplySink['head']>[1]): boolean {
    const { 'transfer-encoding': coding, 'content-length': length } = headers;
    const measured = coding === undefined ? length !== undefined : /^chunked$/i.test(String(coding));
    return (
      STATUSES.has(status) &&
      isDocument(headers) &&
      headers['content-encoding'] === undefined &&
      (this.#bodyless || measured)
    );
  }

  #fail(reason: string, hint: string, cause: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#outage.failed(reason, hint);
    const message = 'The agent that keeps the inventory cannot be asked just now.';
    this.#sink.failed(new AgentError('INVENTORY_UNREACHABLE', message, { cause, hint }));
  }
}
