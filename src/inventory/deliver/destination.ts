import type { Secret } from '../../config/secret.ts';
import { type Scrubber, scrubber } from '../../scrub.ts';

/** An answer to a batch. */
export interface Reply {
  readonly status: number;
  /** Its body as text, cut after 64 KiB. */
  readonly text: string;
  /** Milliseconds from now; `null` where the answer has no `Retry-After`. */
  readonly retryAfterMs: number | null;
}

/** A batch as it goes out, the same at every try. */
export interface Shipment {
  readonly body: Buffer;
  /** `Idempotency-Key`: `{run_id}:{sequence}`. */
  readonly key: string;
}

/** Where batches go. */
export interface Destination {
  /** As messages show it, without secrets. */
  readonly name: string;
  /** Where batches are posted to there, without a query. */
  readonly path: string;
  /**
   * One try. Whether the batch arrived is not known when it rejects.
   *
   * @throws AgentError when there was no answer; `DESTINATION_REFUSED`: there will never be one, so no further try
   */
  send(shipment: Shipment, signal: AbortSignal): Promise<Reply>;
  /**
   * Whether an answer that is neither a success nor worth another try is about the destination as a whole, and not about
   * this batch. A redirect always is.
   *
   * @param first nothing of the run was acknowledged yet
   * @returns what to set, or `null` when it is about the batch
   */
  refusal(reply: Reply, first: boolean): string | null;
}

/** JSON:API's media type. */
const BATCH_TYPE = 'application/vnd.api+json';

/** The headers of a batch, wherever it goes. */
export function batchHeaders(key: string): Record<string, string> {
  return { 'content-type': BATCH_TYPE, accept: `${BATCH_TYPE}, application/json`, 'idempotency-key': key };
}

export const LONGEST_ANSWER_BYTES = 64 * 1024;

/** For an answer's text, in case the other side repeats what it was sent. Few secrets: short ones are looked for too. */
export const withoutSecrets = (secrets: readonly Secret[]): Scrubber => scrubber(() => secrets, 1);
