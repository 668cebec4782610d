/**
 * Every error this agent names. A code never changes its meaning; `docs/errors.md` explains each.
 * The codes that callers see (`FILTER_BLOCKED`, `DOWNSTREAM_*`, `BODY_TOO_LARGE`) are those of the
 * Snyk Broker client 5.22.14, so that Snyk's side reads them as it always did.
 */
export const HTTP_STATUS = {
  /** No rule of the accept list allows the call, or its URL cannot be matched safely. */
  FILTER_BLOCKED: 401,
  /** Bitbucket did not connect, start or go on answering in time. */
  DOWNSTREAM_TIMEOUT: 504,
  /** Bitbucket's address could not be resolved or refused the connection. */
  DOWNSTREAM_UNREACHABLE: 502,
  /** Bitbucket broke the connection off or answered something that is not HTTP. */
  DOWNSTREAM_ERROR: 502,
  /** The answer does not fit the answer path the caller chose. */
  BODY_TOO_LARGE: 502,
  /** The answer is not UTF-8 text, and the path the caller chose carries nothing else. */
  BODY_NOT_UTF8: 502,
  /** The broker server did not take the answer: its connection broke, or the caller had gone. */
  ANSWER_LOST: 502,
  /** Too many large answers are being collected for the socket at once, or too much is under way on the HTTP relay. */
  BUSY: 503,
  /** This agent is being stopped and had no more time for the call. */
  STOPPING: 503,
  /** Relaying is paused by the operator. */
  PAUSED: 503,
  /** The audit trail cannot be written, and nothing is relayed without it (`AUDIT_ON_ERROR=refuse`). */
  AUDIT_UNAVAILABLE: 503,
  /** A token is asked for here, and the right one was not given. */
  UNAUTHORIZED: 401,
  /** The operators' port was called by a name it does not answer to. */
  HOST_NOT_ALLOWED: 421,
  /** A form was not sent from the page it is on. */
  FORM_EXPIRED: 403,
  /** A webhook is not signed with the secret that is set here. */
  SIGNATURE_INVALID: 401,
  /** Too many webhooks are being received and relayed at once. */
  TOO_MANY_WEBHOOKS: 503,
  /** No tunnel is open, and Snyk's API did not take the webhook either. */
  API_UNREACHABLE: 502,
  /** A call that cannot be understood: no url, no method, a body in no known form. */
  BAD_REQUEST: 400,
  /** The tunnel to the Snyk Broker server is not open. */
  TUNNEL_CLOSED: 503,
  /** The Snyk Broker server took a request and did not answer it in time. */
  TUNNEL_TIMEOUT: 504,
  /** The broker server acknowledged a request with something that is no answer. */
  TUNNEL_ERROR: 502,
  /** This port has no such path. */
  NOT_FOUND: 404,
  /** A webhook's body is compressed; Bitbucket sends none that is. */
  UNSUPPORTED_ENCODING: 415,
  /** A body that came in is over the size limit. */
  PAYLOAD_TOO_LARGE: 413,
  /** Bitbucket answered 2xx with something that is no JSON, such as a login page. */
  PAGE_NOT_JSON: 502,
  /** Bitbucket's JSON is larger than the inventory takes. */
  PAGE_TOO_LARGE: 502,
  /** Bitbucket's JSON is not a page of values, or not the object that was asked for. */
  PAGE_INVALID: 502,
  /** A list's pages do not come to an end: `nextPageStart` goes backwards, or a page repeats itself. */
  PAGES_IN_CIRCLES: 502,
  /** Bitbucket was overloaded or limited the rate for longer than the inventory asks again. */
  BITBUCKET_BUSY: 503,
  /** Bitbucket refused a call of the inventory's own. */
  BITBUCKET_REFUSED: 502,
  /** The accept list has no rule for a call that the inventory needs. */
  RULE_MISSING: 401,
  /** Another process writes in the state folder. */
  STATE_LOCKED: 409,
  /** The state folder cannot be written or read. */
  STATE_UNUSABLE: 500,
  /** The place the inventory is delivered to does not take it at all. */
  DESTINATION_REFUSED: 502,
  /** The place the inventory is delivered to could not be reached, or gave no whole answer in time. */
  DESTINATION_UNREACHABLE: 502,
  /** A run was stopped before its end. */
  RUN_INTERRUPTED: 503,
  /** The inventory was asked for before a run has read all of it. */
  NOT_COLLECTED: 503,
  /** The agent that keeps the inventory could not be asked, or gave no answer that can be passed on. */
  INVENTORY_UNREACHABLE: 503,
  /** Repositories that webhooks have marked came to an agent that reads none. */
  MARKS_NOT_TAKEN: 503,
  /** The configuration or the accept list cannot be used. The process ends with exit code 2. */
  CONFIG_INVALID: 500,
  /** A port could not be opened. */
  LISTEN_FAILED: 500,
  /** The support archive of `doctor` could not be written. */
  BUNDLE_FAILED: 500,
  /** A defect of the agent itself. */
  INTERNAL: 500,
} as const;

export type ErrorCode = keyof typeof HTTP_STATUS;

/** An error with a stable code and, where a person must act, a hint that says what to do. */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.hint = options.hint;
  }

  get status(): number {
    return HTTP_STATUS[this.code];
  }
}

/** One thing that is wrong with what the operator gave: where, why, and what would be right. */
export interface Problem {
  /** A variable's name, or `file, rule 3 (private)`. */
  readonly where: string;
  readonly reason: string;
  /** A valid value or a rule that would pass. */
  readonly example: string;
}

/** All that is wrong with the configuration, told at once. */
export class ConfigError extends AgentError {
  readonly problems: readonly Problem[];

  /** @param hint what may be the cause of them */
  constructor(problems: readonly Problem[], hint?: string) {
    const lines = problems.map(
      ({ where, reason, example }) => `  ${where}: ${reason}\n    for example: ${example}`,
    );
    const message = `${problems.length} problem(s) in the configuration:\n${lines.join('\n')}`;
    super('CONFIG_INVALID', message, hint === undefined ? {} : { hint });
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** The system's or undici's code of a failure (`ECONNREFUSED`, `UND_ERR_SOCKET`), looked for in its causes too. */
export function failureCode(error: unknown): string {
  let at = error;
  for (let depth = 0; depth < 5 && typeof at === 'object' && at !== null; depth += 1) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    if ('errors' in at && Array.isArray(at.errors) && at.errors.length > 0) at = at.errors[0];
    else at = 'cause' in at ? at.cause : null;
  }
  return 'UNKNOWN';
}

/** Where a defect happened, without its message: that may repeat the values it happened on. */
export function placeOf(error: unknown): { readonly name: string; readonly stack: string } {
  const { name, stack } = (error ?? {}) as { name?: unknown; stack?: unknown };
  const frames =
    typeof stack === 'string' ? stack.split('\n').filter((line) => line.startsWith('    at ')) : [];
  return { name: typeof name === 'string' ? name : typeof error, stack: frames.join('\n') };
}
