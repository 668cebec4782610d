import { fetchWhole } from '../bitbucket/fetch.ts';
import type { JsonReader, JsonReply, JsonRequest } from '../bitbucket/read-json.ts';
import { exceptionName } from '../bitbucket/refusal.ts';
import type { Credential, Login, Send } from '../bitbucket/send.ts';
import type { CallRecord } from '../call.ts';
import { createOwnCalls, type OwnCalls } from '../inventory/collect/own-calls.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { Rule } from '../rules/verdict.ts';
import type { Observations } from './observations.ts';
import { BITBUCKET } from './targets.ts';

export interface BitbucketDeskOptions {
  readonly rules: RuleSet;
  /** The credentials a rule logs in with, in their order. */
  credentialsOf(rule: Rule): readonly Credential[];
  /** With authorisation. */
  readonly send: Send;
  /** `apiUrl`: where the REST API is, with scheme. */
  readonly bitbucket: { readonly baseUrl: string; readonly apiUrl: string };
  /** Hears of each call. */
  record?(record: CallRecord): void;
  /** Records keep the query. */
  readonly keepQuery?: boolean;
  readonly observations: Observations;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Limit of each call, milliseconds; without it the caller's signal is the only one. */
  readonly callMs?: number;
}

/** How the doctor asks Bitbucket: through the accept list, once a call, and as whom it wants to. */
export class BitbucketDesk {
  readonly rules: RuleSet;
  readonly #options: BitbucketDeskOptions;
  readonly #read: JsonReader;
  /** As nobody in particular: for what the accept list says. */
  readonly #plain: OwnCalls;

  constructor(options: BitbucketDeskOptions) {
    this.#options = options;
    this.rules = options.rules;
    this.#read = readerOf(options);
    this.#plain = this.callsAs(() => null);
  }

  get missing(): OwnCalls['missing'] {
    return this.#plain.missing;
  }

  get ruleFor(): OwnCalls['ruleFor'] {
    return this.#plain.ruleFor;
  }

  credentialsOf(rule: Rule): readonly Credential[] {
    return this.#options.credentialsOf(rule);
  }

  /** The agent's own calls with a credential of the doctor's choice; `null`: nobody. */
  callsAs(choose: (rule: Rule) => Credential | null): OwnCalls {
    const { rules, bitbucket, record, keepQuery = false } = this.#options;
    return createOwnCalls({
      rules,
      bitbucket,
      keepQuery,
      read: this.#read,
      ...(record === undefined ? {} : { record }),
      loginOf: (rule) => {
        const credential = choose(rule);
        return credential === null ? null : new OneCredential(credential);
      },
    });
  }
}

/** A refusal must not lead to another one of its pool. */
class OneCredential implements Login {
  readonly #credential: Credential;

  constructor(credential: Credential) {
    this.#credential = credential;
  }

  next(): Credential {
    return this.#credential;
  }

  reject(): null {
    return null;
  }
}

const LONGEST_BYTES = 1024 * 1024;

/** Resolves with every status but 3xx, 429 and 5xx too: what they tell is what the doctor wants to know. */
function readerOf({ send, observations, now, callMs }: BitbucketDeskOptions): JsonReader {
  return async (request): Promise<JsonReply> => {
    const asked = now();
    const { status, headers, body } = await fetchWhole(send, limited(request, callMs), LONGEST_BYTES);
    observations.clock(BITBUCKET, headers, asked, now());
    observations.rateLimit(status, headers);
    const bytes = body?.length ?? 0;
    if (status >= 400) {
      const exception = body === null ? '' : exceptionName(body);
      return { status, headers, value: undefined, exception, bytes };
    }
    return { status, headers, value: parsed(body), exception: '', bytes };
  };
}

function parsed(body: Buffer | null): unknown {
  try {
    return body === null ? undefined : JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A call that hangs must not use up the time of those behind it. */
function limited(request: JsonRequest, callMs: number | undefined): JsonRequest {
  if (callMs === undefined) return request;
  const own = AbortSignal.timeout(callMs);
  return { ...request, signal: request.signal === undefined ? own : AbortSignal.any([request.signal, own]) };
}
