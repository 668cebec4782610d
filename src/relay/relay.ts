import { type Login, REPEATABLE, type Send } from '../bitbucket/send.ts';
import type { Answer, AnswerOutcome, Call, CallRecord } from '../call.ts';
import { type AgentError, type ErrorCode, failureCode, HTTP_STATUS } from '../errors.ts';
import { recordedMs, recordedTarget } from '../recorded-call.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { Rule, Verdict } from '../rules/verdict.ts';
import { requestHeaders } from './prepare.ts';
import { replyHead } from './reply-head.ts';
import type { Substitution } from './substitution.ts';

export interface RelayOptions {
  readonly rules: RuleSet;
  readonly send: Send;
  /** The login a rule's `auth` stands for. */
  loginOf(rule: Rule): Login | null;
  /** Writes variables into a call where its sender asks for it; `null`: such wishes are ignored. */
  readonly substitution: Substitution | null;
  record(record: CallRecord): void;
  /** Why nothing is relayed just now: `PAUSED`, `AUDIT_UNAVAILABLE`; `null`: calls are taken. */
  closed?(): ErrorCode | null;
  /** Records keep the query. */
  readonly keepQuery?: boolean;
  readonly now?: () => number;
}

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

  /**
   * Serves one call; the answer comes to an end, whatever happens.
   *
   * @param send what carries this call, where it is not what carries all of them
   */
  serve(original: Call, answer: Answer, send: Send = this.#options.send): void {
    const started = this.#now();
    const { rules, substitution, closed } = this.#options;
    const barrier = closed?.() ?? null;
    if (barrier !== null) return this.turnAway(original, barrier, answer, started);
    const call = substitution === null ? original : substitution(original);
    const verdict = rules.decide(call);
    if (verdict.rule === null || !verdict.allowed) return this.#refuse(call, verdict, answer, started);
    this.#forward(call, verdict, verdict.rule, answer, { started, send });
  }

  /** Answers with an error before any rule is asked, and records that. */
  turnAway(call: Call, code: ErrorCode, answer: Answer, started = this.#now()): void {
    this.turnedAway(call, code, answer, started);
    const body = JSON.stringify({ code, message: TURNED_AWAY[code] ?? 'not now', url: call.url });
    answer.fail(errorHead(call, code), body, code);
  }

  /** Records a call that others answer with an error before any rule is asked. */
  turnedAway(call: Call, code: ErrorCode, answer: Answer, started = this.#now()): void {
    this.#hear(call, { allowed: false, ruleId: null, reason: code, nearMisses: [] }, answer, started);
  }

  #refuse(call: Call, verdict: Verdict, answer: Answer, started: number): void {
    this.#hear(call, verdict, answer, started);
    const { reason } = verdict;
    const body = JSON.stringify({ code: 'FILTER_BLOCKED', message: 'blocked', reason, url: call.url });
    answer.fail(errorHead(call, 'FILTER_BLOCKED'), body, 'FILTER_BLOCKED');
  }

  #hear(call: Call, decision: Decision, answer: Answer, started: number): void {
    answer.listen({ drained() {}, closed: (outcome) => this.#record(call, decision, outcome, { started }) });
  }

  #forward(
    call: Call,
    verdict: Verdict,
    rule: Rule,
    answer: Answer,
    { started, send }: { started: number; send: Send },
  ): void {
    const { loginOf } = this.#options;
    const course: Course = { started };
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
        head: (status, headers) => {
          course.begun = this.#now();
          answer.begin(replyHead(status, headers, call.requestId));
        },
        data: (chunk) => answer.write(chunk),
        end: () => answer.end(),
        failed: (error) => {
          course.cause = failureCode(error.cause);
          const { head, body } = failure(error, call);
          answer.fail(head, body, error.code);
        },
      },
    );
    answer.listen({
      drained: () => flight.resume(),
      closed: (outcome) => {
        flight.cancel();
        this.#record(call, verdict, outcome, course);
      },
    });
  }

  #record(call: Call, decision: Decision, outcome: AnswerOutcome, { started, begun, cause }: Course): void {
    const { status, bytes, code } = outcome;
    const over = this.#now();
    this.#options.record({
      requestId: call.requestId,
      method: call.method,
      ...recordedTarget(call.url, this.#options.keepQuery === true),
      allowed: decision.allowed,
      ruleId: decision.ruleId,
      reason: decision.reason,
      status,
      bytes,
      ms: recordedMs(over - started),
      ...(begun === undefined
        ? {}
        : { firstByteMs: recordedMs(begun - started), answerMs: recordedMs(over - begun) }),
      ...(decision.nearMisses.length === 0 ? {} : { nearMisses: nearMissesOf(decision) }),
      ...(code === undefined ? {} : { code }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/** What of a verdict is kept; `reason` may be an error code where no rule was asked. */
type Decision = Pick<Verdict, 'allowed' | 'ruleId' | 'nearMisses'> & { readonly reason: string };

/** When a call began and Bitbucket's answer did, by the relay's clock, and the code of what it failed with. */
interface Course {
  readonly started: number;
  begun?: number;
  cause?: string;
}

const TURNED_AWAY: Partial<Readonly<Record<ErrorCode, string>>> = {
  PAUSED: 'Relaying is paused by the operator of this agent.',
  AUDIT_UNAVAILABLE: 'The audit trail cannot be written, so nothing is relayed.',
  UNAUTHORIZED: 'Authorization: Bearer with RELAY_TOKEN is asked for here.',
  BAD_REQUEST: 'This request cannot be relayed.',
  PAYLOAD_TOO_LARGE: 'The body is over 10 MiB.',
  BUSY: 'Too much is under way already.',
  STOPPING: 'This agent is being stopped.',
};

const nearMissesOf = ({ nearMisses }: Decision): string[] =>
  nearMisses.slice(0, MOST_NEAR_MISSES).map(({ ruleId, detail }) => `${ruleId}: ${detail}`);

const errorHead = (call: Call, code: ErrorCode) => ({
  status: HTTP_STATUS[code],
  headers: { ...JSON_TYPE, 'snyk-request-id': call.requestId },
  errorType: code,
});

function failure(error: AgentError, call: Call): { head: Parameters<Answer['fail']>[0]; body: string } {
  return {
    head: errorHead(call, error.code),
    body: JSON.stringify({ code: error.code, message: error.message, url: call.url }),
  };
}
