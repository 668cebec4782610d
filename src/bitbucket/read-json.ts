import { isUtf8 } from 'node:buffer';
import { free } from '../buffer-collection.ts';
import { AgentError } from '../errors.ts';
import { shownText } from '../shown-text.ts';
import { type Fetched, fetchWhole, type JsonRequest, type ReplyHeaders } from './fetch.ts';
import { fullJitter, type Pause, pause as realPause } from './pause.ts';
import { exceptionName } from './refusal.ts';
import { shortened } from './refused-error.ts';
import type { Send } from './send.ts';

export type { JsonRequest } from './fetch.ts';

/** An answer of Bitbucket's that asking again would not change: any 2xx, 4xx, or 5xx that does not pass. */
export interface JsonReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReplyHeaders;
  /** The parsed body of a 2xx; `undefined` where there is none, and for an error. */
  readonly value: unknown;
  /** The Java name of the exception an error tells, with its package; otherwise `''`. */
  readonly exception: string;
  /** Of the body, unpacked. */
  readonly bytes: number;
}

export interface JsonReaderOptions {
  /** How often a call is sent at most; default 5. */
  readonly tries?: number;
  /** The longest body, unpacked; default 32 MiB. */
  readonly longestBytes?: number;
  readonly pause?: Pause;
  readonly random?: () => number;
}

/** Reads one answer of Bitbucket's. */
export type JsonReader = (request: JsonRequest) => Promise<JsonReply>;

const TRIES = 5;
const LONGEST_BYTES = 32 * 1024 * 1024;
/** Smaller bodies cannot hold so many values that their memory matters. */
const UNCOUNTED_BYTES = 4 * 1024 * 1024;
/** Objects and lists in one value of a list; a repository has about 10, a fork of forks 10 for each. */
const PARTS_PER_VALUE = 300;
const FIRST_PAUSE_MS = 500;
const PAUSE_CAP_MS = 30_000;
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
const PASSING_CODE: ReadonlySet<string> = new Set([
  'DOWNSTREAM_TIMEOUT',
  'DOWNSTREAM_UNREACHABLE',
  'DOWNSTREAM_ERROR',
]);

/**
 * GETs JSON; gzip is asked for and unpacked. What may pass (no connection, an answer that broke off, 408, 429, 500,
 * 502, 503, 504) is tried again after a pause with full jitter, 0.5 s growing to 30 s; holds that Bitbucket asks for
 * are kept by the rate budget that `send` goes through. Any other status but 3xx resolves.
 *
 * Rejects with an AgentError: `BITBUCKET_BUSY` or the `DOWNSTREAM_*` of the last try; at once a RefusedError for a
 * 3xx, `PAGE_NOT_JSON` for a 2xx that is none, `PAGE_TOO_LARGE`, and `RUN_INTERRUPTED` when `signal` aborts.
 */
export function createJsonReader(send: Send, options: JsonReaderOptions = {}): JsonReader {
  const { tries = TRIES, longestBytes = LONGEST_BYTES, pause = realPause, random = Math.random } = options;
  const once = async (request: JsonRequest): Promise<JsonReply | Passing> => {
    try {
      const fetched = await fetchWhole(send, request, longestBytes);
      return PASSING_STATUS.has(fetched.status)
        ? new Passing(busy(request.path, fetched.status, tries))
        : replyOf(request.path, fetched);
    } catch (error) {
      if (error instanceof AgentError && PASSING_CODE.has(error.code)) return new Passing(error);
      throw error;
    }
  };
  return async (request) => {
    for (let failures = 1; ; failures += 1) {
      const outcome = await once(request);
      if (!(outcome instanceof Passing)) return outcome;
      if (failures >= tries) throw outcome.error;
      await pause(fullJitter(failures, FIRST_PAUSE_MS, PAUSE_CAP_MS, random), request.signal);
    }
  };
}

/** A failure that may not be one the next time. */
class Passing {
  readonly error: AgentError;

  constructor(error: AgentError) {
    this.error = error;
  }
}

function busy(path: string, status: number, tries: number): AgentError {
  const hint =
    status === 429
      ? "Raise the rate limit of the agent's user in Bitbucket, or lower BITBUCKET_CONCURRENCY."
      : 'Look at the load of Bitbucket and of what stands before it.';
  const message = `Bitbucket answered ${status} to GET ${shortened(path)}, at the last of ${tries} tries.`;
  return new AgentError('BITBUCKET_BUSY', message, { hint });
}

function replyOf(path: string, { status, headers, body }: Fetched): JsonReply {
  // Before it is parsed: its memory is given back then.
  const bytes = body?.length ?? 0;
  if (status >= 400) {
    const exception = body === null ? '' : exceptionName(body);
    return { status, headers, value: undefined, exception, bytes };
  }
  const value = status === 204 || body === null ? undefined : parse(path, status, headers, body);
  return { status, headers, value, exception: '', bytes };
}

function parse(path: string, status: number, headers: ReplyHeaders, body: Buffer): unknown {
  checkParts(path, body);
  if (isUtf8(body)) {
    const text = body.toString('utf8');
    free(body.buffer);
    try {
      return JSON.parse(text);
    } catch {
      if (isCutShort(text))
        throw new AgentError(
          'DOWNSTREAM_ERROR',
          `Bitbucket's answer to GET ${shortened(path)} was cut short.`,
        );
    }
  }
  const type = shownText(String(headers['content-type'] ?? 'no content type'), 60);
  throw new AgentError(
    'PAGE_NOT_JSON',
    `Bitbucket answered ${status} to GET ${shortened(path)} with something that is no JSON (${type}).`,
    {
      hint: "Check BITBUCKET_URL, and let the agent's user reach the REST API past any single sign-on.",
    },
  );
}

/** A small packed body can hold millions of values, each many times its own size in memory: seen before it is parsed. */
function checkParts(path: string, body: Buffer): void {
  if (body.length <= UNCOUNTED_BYTES) return;
  const wanted = Number(/[?&]limit=(\d{1,6})\b/.exec(path)?.[1] ?? 1);
  let left = PARTS_PER_VALUE * (wanted + 1);
  for (const byte of body) {
    if (byte !== OBJECT && byte !== LIST) continue;
    left -= 1;
    if (left >= 0) continue;
    const message = `Bitbucket's answer to GET ${shortened(path)} has far more in it than was asked for.`;
    throw new AgentError('PAGE_INVALID', message, {
      hint: 'See what stands between the agent and Bitbucket, and that BITBUCKET_URL leads to Bitbucket Server.',
    });
  }
}

const OBJECT = 0x7b;
const LIST = 0x5b;

/** Bitbucket's JSON is always an object. One without its end lost it where a length or a chunk did not tell. */
const isCutShort = (text: string): boolean => text.startsWith('{') && !text.trimEnd().endsWith('}');
