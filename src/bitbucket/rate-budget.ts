import { type Pause, pause as realPause } from './pause.ts';
import { RateLimits } from './rate-limits.ts';
import type { Flight, Outgoing, ReplySink, Send } from './send.ts';

/** First bytes that take longer than this say that Bitbucket has enough to do; milliseconds. */
const SLOW_MS = 5_000;

export interface RateBudgetOptions {
  /** Calls at the same time when Bitbucket is well; at least 1. */
  readonly concurrency: number;
  /** A first byte later than this takes one call off the limit; milliseconds, default 5,000. */
  readonly slowMs?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
  readonly random?: () => number;
  readonly pause?: Pause;
}

/** The budget at one moment, and what it has come to. */
export interface RateBudgetState {
  /** Calls that may run at the same time just now. */
  readonly limit: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Milliseconds in which calls that had a place waited for Bitbucket's rate limit; counted once, however many wait. */
  readonly waitedMs: number;
  /** Calls sent. */
  readonly requests: number;
}

export interface RateBudget {
  readonly send: Send;
  state(): RateBudgetState;
}

/**
 * Keeps the agent's own calls within what Bitbucket bears. They wait in order of arrival; a cancelled one leaves the
 * queue. A 429 halves the number of calls at a time and holds all until Bitbucket takes calls again; a slow answer, a
 * 502, 503, 504 or a timeout takes one off; both once a round, that is only for calls sent after the last cut. As many
 * good answers in a row as the limit add one, up to `concurrency`. Nothing is sent twice here.
 */
export function withRateBudget(send: Send, options: RateBudgetOptions): RateBudget {
  const budget = new Budget(send, options);
  return {
    send: (request, sink) => budget.enter(new BudgetedCall(budget, request, sink)),
    state: () => budget.state(),
  };
}

class Budget {
  readonly send: Send;
  readonly now: () => number;
  readonly #pause: Pause;
  readonly #concurrency: number;
  readonly #slowMs: number;
  readonly #limits: RateLimits;
  readonly #queue = new Set<BudgetedCall>();
  #limit: number;
  #inFlight = 0;
  #requests = 0;
  #good = 0;
  /** Calls up to these numbers were sent before the last halving, and the last cut of any kind. */
  #halvedAt = 0;
  #cutAt = 0;
  #waitedMs = 0;
  #held: { readonly since: number; timer: AbortController } | null = null;

  constructor(send: Send, options: RateBudgetOptions) {
    const { concurrency, slowMs = SLOW_MS, now = () => performance.now(), random = Math.random } = options;
    this.send = send;
    this.now = now;
    this.#pause = options.pause ?? realPause;
    this.#concurrency = concurrency;
    this.#slowMs = slowMs;
    this.#limits = new RateLimits(now, random);
    this.#limit = concurrency;
  }

  state(): RateBudgetState {
    const waitedNow = this.#held === null ? 0 : this.now() - this.#held.since;
    return {
      limit: this.#limit,
      inFlight: this.#inFlight,
      waiting: this.#queue.size,
      waitedMs: this.#waitedMs + waitedNow,
      requests: this.#requests,
    };
  }

  enter(call: BudgetedCall): Flight {
    this.#queue.add(call);
    this.#advance();
    return call;
  }

  answered(number: number, status: number, headers: Headers, firstByteMs: number): void {
    this.#limits.answered(status, headers);
    if (status === 429) this.#halve(number);
    else if ((status >= 502 && status <= 504) || firstByteMs > this.#slowMs) this.strained(number);
    else this.#well();
  }

  /** A call that left had no answer. */
  lost(): void {
    this.#limits.lost();
  }

  strained(number: number): void {
    this.#good = 0;
    if (number <= this.#cutAt) return;
    this.#cutAt = this.#requests;
    this.#limit = Math.max(1, this.#limit - 1);
  }

  /** A call is over: `sent`, or cancelled in the queue. */
  over(call: BudgetedCall, sent: boolean): void {
    if (sent) this.#inFlight -= 1;
    else this.#queue.delete(call);
    this.#advance();
  }

  #halve(number: number): void {
    this.#good = 0;
    if (number <= this.#halvedAt) return;
    this.#halvedAt = this.#requests;
    this.#cutAt = this.#requests;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }

  #well(): void {
    this.#good += 1;
    if (this.#good < this.#limit) return;
    this.#good = 0;
    this.#limit = Math.min(this.#concurrency, this.#limit + 1);
  }

  #advance(): void {
    for (const call of this.#queue) {
      if (this.#inFlight >= this.#limit) break;
      const waitMs = this.#limits.waitMs();
      if (waitMs > 0) return this.#hold(waitMs);
      this.#queue.delete(call);
      this.#inFlight += 1;
      this.#requests += 1;
      this.#limits.left();
      call.start(this.#requests);
    }
    this.#release();
  }

  #hold(ms: number): void {
    const timer = new AbortController();
    this.#held?.timer.abort();
    this.#held = { since: this.#held?.since ?? this.now(), timer };
    this.#pause(Math.ceil(ms), timer.signal).then(() => {
      if (!timer.signal.aborted) this.#advance();
    });
  }

  #release(): void {
    if (this.#held === null) return;
    this.#waitedMs += this.now() - this.#held.since;
    this.#held.timer.abort();
    this.#held = null;
  }
}

type Headers = Parameters<ReplySink['head']>[1];

/** One call in the queue, then under way. */
class BudgetedCall implements Flight, ReplySink {
  readonly #budget: Budget;
  readonly #request: Outgoing;
  readonly #sink: ReplySink;
  /** 0 while it waits. */
  #number = 0;
  #startedAt = 0;
  #flight: Flight | null = null;
  #answered = false;
  #over = false;

  constructor(budget: Budget, request: Outgoing, sink: ReplySink) {
    this.#budget = budget;
    this.#request = request;
    this.#sink = sink;
  }

  start(number: number): void {
    this.#number = number;
    this.#startedAt = this.#budget.now();
    const flight = this.#budget.send(this.#request, this);
    this.#flight = flight;
    if (this.#over) flight.cancel();
  }

  resume(): void {
    this.#flight?.resume();
  }

  cancel(): void {
    if (this.#over) return;
    this.#flight?.cancel();
    this.#finish();
  }

  head(status: number, headers: Headers): void {
    if (this.#over) return;
    this.#answered = true;
    this.#budget.answered(this.#number, status, headers, this.#budget.now() - this.#startedAt);
    this.#sink.head(status, headers);
  }

  data(chunk: Buffer): boolean {
    return this.#over || this.#sink.data(chunk);
  }

  end(): void {
    if (this.#over) return;
    this.#finish();
    this.#sink.end();
  }

  failed(error: Parameters<ReplySink['failed']>[0]): void {
    if (this.#over) return;
    if (error.code === 'DOWNSTREAM_TIMEOUT') this.#budget.strained(this.#number);
    this.#finish();
    this.#sink.failed(error);
  }

  #finish(): void {
    this.#over = true;
    const sent = this.#number > 0;
    if (sent && !this.#answered) this.#budget.lost();
    this.#budget.over(this, sent);
  }
}
