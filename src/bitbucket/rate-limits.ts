import { retryAfterMs } from '../retry-after.ts';
import { fullJitter } from './pause.ts';
import type { ReplySink } from './send.ts';

type Headers = Parameters<ReplySink['head']>[1];

/** However long Bitbucket asks to wait, the agent asks again after this. */
const LONGEST_WAIT_MS = 10 * 60_000;
const FIRST_BACKOFF_MS = 1_000;
const BACKOFF_CAP_MS = 30_000;

/** Bitbucket's token bucket as its last answer showed it. */
interface Bucket {
  /** Below zero when more calls are on their way than it had tokens. */
  readonly tokens: number;
  readonly at: number;
  readonly perMs: number;
  readonly capacity: number;
}

/**
 * When Bitbucket will take the next call, as far as its answers tell. `Retry-After` of a 429 or 503 holds every call;
 * `X-RateLimit-*` headers (Atlassian's com.atlassian.ratelimiting; not sent by every version) are kept as a copy of
 * the server's bucket, so that the agent waits for a token instead of being refused.
 */
export class RateLimits {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #time: () => number;
  #heldUntil = Number.NEGATIVE_INFINITY;
  #bucket: Bucket | null = null;
  #unanswered = 0;
  #refusals = 0;

  /**
   * @param now monotonic milliseconds
   * @param time epoch milliseconds
   */
  constructor(now: () => number, random: () => number, time: () => number = Date.now) {
    this.#now = now;
    this.#random = random;
    this.#time = time;
  }

  /** Milliseconds until the next call may leave; 0: now. */
  waitMs(): number {
    const now = this.#now();
    return Math.max(0, this.#heldUntil - now, this.#tokenWaitMs(now));
  }

  /** A call leaves. */
  left(): void {
    this.#unanswered += 1;
    if (this.#bucket !== null) this.#bucket = { ...this.#bucket, tokens: this.#bucket.tokens - 1 };
  }

  /** A call that left will have no answer. */
  lost(): void {
    this.#unanswered -= 1;
  }

  /** A call that left is answered. */
  answered(status: number, headers: Headers): void {
    this.#unanswered -= 1;
    const now = this.#now();
    this.#bucket = this.#bucketIn(headers, now);
    if (status !== 429 && status < 500) this.#refusals = 0;
    if (status !== 429 && status !== 503) return;
    const asked = Math.min(retryAfterMs(headers, this.#time()) ?? 0, LONGEST_WAIT_MS);
    if (asked > 0) this.#hold(now + asked);
    else if (status === 429 && this.#heldUntil <= now) {
      this.#refusals += 1;
      this.#hold(now + fullJitter(this.#refusals, FIRST_BACKOFF_MS, BACKOFF_CAP_MS, this.#random));
    }
  }

  #hold(until: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, until);
  }

  #tokenWaitMs(now: number): number {
    if (this.#bucket === null) return 0;
    const { tokens, at, perMs, capacity } = this.#bucket;
    const missing = 1 - Math.min(capacity, tokens + (now - at) * perMs);
    return missing <= 0 ? 0 : Math.min(LONGEST_WAIT_MS - (now - at), missing / perMs);
  }

  /** Whether the calls under way have been counted is not known: they are taken for not counted. */
  #bucketIn(headers: Headers, at: number): Bucket | null {
    const remaining = numberIn(headers, 'x-ratelimit-remaining');
    const fill = numberIn(headers, 'x-ratelimit-fillrate');
    const seconds = numberIn(headers, 'x-ratelimit-interval-seconds') ?? 1;
    if (remaining === null || fill === null || fill <= 0 || seconds <= 0) return null;
    const capacity = Math.max(1, numberIn(headers, 'x-ratelimit-limit') ?? Number.POSITIVE_INFINITY);
    return { tokens: remaining - this.#unanswered, at, perMs: fill / (seconds * 1000), capacity };
  }
}

function numberIn(headers: Headers, name: string): number | null {
  const given = headers[name];
  const value = (typeof given === 'string' ? given : (given?.[0] ?? '')).trim();
  return /^\d{1,15}(\.\d+)?$/.test(value) ? Number(value) : null;
}
