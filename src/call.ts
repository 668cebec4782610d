/**
 * What rooms hand each other when they speak of one call: the question, the place its answer goes, and what became of it.
 * Types only: the tunnel and the HTTP listeners make them, the relay serves them, neither knows the other.
 */

/** Header names in lower case; one string a name. */
export type HeaderMap = Readonly<Record<string, string>>;

/** One call from Snyk's side. `url` is path and query exactly as they came, relative to a rule's origin. */
export interface Call {
  /** The caller's `snyk-request-id`, or one made here when it sent none. */
  readonly requestId: string;
  /** Upper case. */
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderMap;
  /** The bytes as the caller sent them; `null` when there are none. */
  readonly body: Buffer | null;
}

/** Status line and headers of an answer; `errorType` is the Snyk Broker's label beside a status that is an error. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly errorType?: string;
}

/** Told once when the answer is over: how it went, how much was sent. */
export interface AnswerOutcome {
  /** The status the caller was given; 0 when it got none. */
  readonly status: number;
  /** Body bytes handed on. */
  readonly bytes: number;
  /** A code of errors.ts when the answer failed or was cut short. */
  readonly code?: string;
}

/**
 * The place where one answer goes. Exactly one answer leaves: what is called after `end` or `fail` is ignored.
 * Order: `begin`, any number of `write`, then `end`; or `fail` at any time.
 */
export interface Answer {
  /** `text`: the body travels inside JSON, so ask for it uncompressed. `bytes`: it travels as it is. */
  readonly wants: 'text' | 'bytes';
  /** Starts the answer. */
  begin(head: AnswerHead): void;
  /** Hands on body bytes, which are the answer's own from then on. `false`: hold back until the `drained` listener is called. */
  write(chunk: Buffer): boolean;
  /** The body is complete. */
  end(): void;
  /**
   * Before `begin` the caller gets this answer instead; after it the answer is broken off,
   * so that the caller sees a failure and never a short body.
   */
  fail(head: AnswerHead, body: string, code: string): void;
  /** `drained`: room again after `write` said `false`. `closed`: over, by whichever side; called exactly once. */
  listen(listeners: { drained(): void; closed(outcome: AnswerOutcome): void }): void;
}

/** What became of one call, for whoever keeps count: log, audit, metrics, status page. No body, no secret. */
export interface CallRecord {
  /** The caller's own id; `null` for calls that have none. */
  readonly requestId: string | null;
  readonly method: string;
  /** Without its query, cut at 500 characters. */
  readonly path: string;
  /** The query as it came, cut at 2,000 characters; only where it is asked for (`AUDIT_QUERY`). */
  readonly query?: string;
  readonly allowed: boolean;
  readonly ruleId: string | null;
  /**
   * `allowed`, `ping` for a webhook that is answered here, why no rule allows it or what is wrong with its signature, or
   * the code of what stood in the way of any decision.
   */
  readonly reason: string;
  /** Rules that almost allowed a refused call, and what it missed: words about the rules only. */
  readonly nearMisses?: readonly string[];
  /** What the caller was given; 0 when nothing reached it. */
  readonly status: number;
  /** Of the body that was handed on. */
  readonly bytes: number;
  readonly ms: number;
  /** Until the far end began to answer. */
  readonly firstByteMs?: number;
  /** From there until the caller had all of it. */
  readonly answerMs?: number;
  /** An error code where the far end's own answer did not reach the caller. */
  readonly code?: string;
  /** The system's or the HTTP client's own code of that failure, such as `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly cause?: string;
}

/**
 * By which road a call went. To Bitbucket: `tunnel` and `http-relay` for Snyk's side, `inventory` for the agent itself.
 * To Snyk: `webhook` from Bitbucket, `delivery` from the agent itself.
 */
export type Road = 'tunnel' | 'http-relay' | 'inventory' | 'webhook' | 'delivery';

/** Hears of every call once it is over. Must not throw, and must not take long. */
export type CallListener = (road: Road, record: CallRecord) => void;
