import { type Login, REPEATABLE, type Send } from '../bitbucket/send.ts';
import type { Answer, AnswerOutcome, Call } from '../call.ts';
import { type AgentError, failureCode, HTTP_STATUS } from '../errors.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { Rule, Verdict } from '../rules/verdict.ts';
import { requestHeaders } from './prepare.ts';
import { replyHead } from './reply-head.ts';
import type { Substitution } from './substitution.ts';

/** What became of one call: the line in the log, and whatever else wants to keep it. No query, no body, no secret. */
export interface RelayRecord {
  readonly requestId: string;
  readonly method: string;
  /** Without its query, cut at 500 characters. */
  readonly path: string;
  readonly allowed: boolean;
  readonly ruleId: string | null;
  readonly reason: string;
  /** Rules that almost allowed a refused call, and what it missed: words about the rules only. */
  readonly nearMisses?: readonly string[];
  /** What the caller was given; 0 when nothing reached it. */
  readonly status: number;
  readonly bytes: number;
  readonly ms: number;
  /** An error code where Bitbucket's own answer did not reach the caller. */
  readonly code?: string;
  /** The system's or the HTTP client's own code of that failure, such as `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly cause?: string;
}

export interface RelayOptions {
  readonly rules: RuleSet;
  readonly send: Send;
  /** The login a rule's `auth` stands for. */
  loginOf(rule: Rule): Login | null;
  /** Writes variables into a call where its sender asks for it; `null`: such wishes are ignored. */
  readonly substitution: Substitution | null;
  record(record: RelayRecord): void;
  readonly now?: () => number;
}

const LONGEST_PATH = 500;
const MOST_NEAR_MISSES = 5;
const JSON_TYPE = { 'content-type': 'application/json' };

/** The one gate: decide, prepare, forward, answer, record. Whoever asks, by whatever road, goes through `serve`. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #now: () => number;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#now = options.now ?? performance.now.bind(performance);
  }

  /** Serves one call; the answer comes to an end, whatever happens. */
  serve(original: Call, answer: Answer): void {
    const started = this.#now();
    const { rules, substitution } = this.#options;
    const call = substitution === null ? original : substitution(original);
    const verdict = rules.decide(call);
    if (verdict.rule === null || !verdict.allowed) return this.#refuse(call, verdict, answer, started);
    this.#forward(call, verdict, verdict.rule, answer, started);
  }

  #refuse(call: Call, verdict: Verdict, answer: Answer, started: number): void {
    answer.listen({ drained() {}, closed: (outcome) => this.#record(call, verdict, outcome, started) });
    const { reason } = verdict;
    const body = JSON.stringify({ code: 'FILTER_BLOCKED', message: 'blocked', reason, url: call.url });
    const head = {
      status: HTTP_STATUS.FILTER_BLOCKED,
      headers: { ...JSON_TYPE, 'snyk-request-id': call.requestId },
      errorType: 'FILTER_BLOCKED',
    };
    answer.fail(head, body, 'FILTER_BLOCKED');
  }

  #forward(call: Call, verdict: Verdict, rule: Rule, answer: Answer, started: number): void {
    const { send, loginOf } = this.#options;
    let cause: string | undefined;
    const flight = send(
      {
        origin: rule.origin,
        path: rule.basePath + call.url,
        method: call.method,
        headers: requestHeaders(
          call,
          answer.wants,
          rule.conditions?.headers.map(({ name }) => name),
        ),
        // A body of GET or HEAD means nothing, and a server that does not read it takes it for the next request.
        body: REPEATABLE.has(call.method) ? null : call.body,
        login: loginOf(rule),
      },
      {
        head: (status, headers) => answer.begin(replyHead(status, headers, call.requestId)),
        data: (chunk) => answer.write(chunk),
        end: () => answer.end(),
        failed: (error) => {
          cause = failureCode(error.cause);
          const { head, body } = failure(error, call);
          answer.fail(head, body, error.code);
        },
      },
    );
    answer.listen({
      drained: () => flight.resume(),
      closed: (outcome) => {
        flight.cancel();
        this.#record(call, verdict, outcome, started, cause);
      },
    });
  }

  #record(call: Call, verdict: Verdict, outcome: AnswerOutcome, started: number, cause?: string): void {
    const query = call.url.indexOf('?');
    const end = Math.min(query < 0 ? call.url.length : query, LONGEST_PATH);
    const { status, bytes, code } = outcome;
    this.#options.record({
      requestId: call.requestId,
      method: call.method,
      path: call.url.slice(0, end),
      allowed: verdict.allowed,
      ruleId: verdict.ruleId,
      reason: verdict.reason,
      status,
      bytes,
      ms: Math.round((this.#now() - started) * 100) / 100,
      ...(verdict.nearMisses.length === 0 ? {} : { nearMisses: nearMissesOf(verdict) }),
      ...(code === undefined ? {} : { code }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

const nearMissesOf = ({ nearMisses }: Verdict): string[] =>
  nearMisses.slice(0, MOST_NEAR_MISSES).map(({ ruleId, detail }) => `${ruleId}: ${detail}`);

function failure(error: AgentError, call: Call): { head: Parameters<Answer['fail']>[0]; body: string } {
  const headers = { ...JSON_TYPE, 'snyk-request-id': call.requestId };
  return {
    head: { status: error.status, headers, errorType: error.code },
    body: JSON.stringify({ code: error.code, message: error.message, url: call.url }),
  };
}
