import { fullJitter, type Pause, pause as sleep } from '../../bitbucket/pause.ts';
import { AgentError } from '../../errors.ts';
import type { EntityIds } from '../entity-id.ts';
import type { Batch, Ledger, Run, Seen } from '../ledger/ledger.ts';
import { type BatchDraft, type BatchFrame, draftBatch, draftManifest, MOST_MEMBERS } from './batch-body.ts';
import { BatchSizes } from './batch-sizes.ts';
import type { Destination, Reply } from './destination.ts';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
const LONGEST_OBEYED_MS = 10 * 60_000;
/** Of an answer's text, in what is kept and shown. */
const LONGEST_TEXT = 500;

/** What happens to a batch, as it happens. */
export type DeliveryEvent =
  | {
      readonly kind: 'acknowledged';
      readonly sequence: number;
      readonly size: number;
      /** Of the run, so far. */
      readonly sent: number;
    }
  | {
      readonly kind: 'again';
      readonly sequence: number;
      /** Failed tries of this batch, from 1. */
      readonly tries: number;
      readonly waitMs: number;
      /** `null`: there was no answer, and `error` says why. */
      readonly status: number | null;
      readonly error: AgentError | null;
    }
  | { readonly kind: 'halved'; readonly sequence: number; readonly size: number }
  | {
      readonly kind: 'parked';
      readonly sequence: number;
      readonly size: number;
      readonly status: number;
      readonly text: string;
    };

export interface DeliveryOptions {
  readonly ledger: Ledger;
  /** Collected; its batches that wait already go first. */
  readonly run: Pick<Run, 'runId' | 'kind'>;
  /** What `final` counts. */
  readonly seen: Pick<Seen, 'users' | 'repositories' | 'skipped'>;
  readonly destination: Destination;
  readonly envelope: { readonly profile: string; readonly serviceType: string };
  readonly ids: EntityIds;
  readonly signal: AbortSignal;
  readonly progress?: (event: DeliveryEvent) => void;
  readonly pause?: Pause;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
}

export interface DeliveryResult {
  /** `complete`: all is acknowledged, `final` too. `parked`: some batches were refused for good; there was no `final`. */
  readonly state: 'complete' | 'parked';
  /** Batches that were acknowledged just now, the manifest included. */
  readonly batches: number;
  /** Tries, those that failed included. */
  readonly requests: number;
}

/**
 * Sends what the receiver does not know yet: batch by batch, in order, each stored before its first try and tried until
 * it passes. The caller ends the run in the ledger. A delivery that is broken off, by a signal or by the end of the
 * process, is gone on with by calling this again for the same run.
 *
 * @throws AgentError `DESTINATION_REFUSED` (the batch stays in the outbox), `RUN_INTERRUPTED`, `STATE_UNUSABLE`
 */
export function deliver(options: DeliveryOptions): Promise<DeliveryResult> {
  return new Delivery(options).run();
}

class Delivery {
  readonly #options: DeliveryOptions;
  readonly #frame: BatchFrame;
  readonly #sizes = new BatchSizes();
  #batches = 0;
  #requests = 0;

  constructor(options: DeliveryOptions) {
    const { run, envelope } = options;
    this.#options = options;
    this.#frame = { ...envelope, runId: run.runId, kind: run.kind };
  }

  async run(): Promise<DeliveryResult> {
    const { ledger } = this.#options;
    while (!ledger.finalAcknowledged) {
      const batch = ledger.waiting() ?? this.#next();
      if (batch === null) return this.#result('parked');
      await this.#settle(batch);
    }
    return this.#result('complete');
  }

  #result(state: DeliveryResult['state']): DeliveryResult {
    return { state, batches: this.#batches, requests: this.#requests };
  }

  /** The next batch of those who wait; then the manifest, unless something is parked. */
  #next(): Batch | null {
    const { ledger, run, ids, seen } = this.#options;
    const pending = ledger.pending(MOST_MEMBERS);
    if (pending.length > 0) {
      return this.#enqueue(draftBatch(this.#frame, pending, ids, this.#sizes.mostBytes));
    }
    if (ledger.parked().some(({ runId }) => runId === run.runId)) return null;
    return this.#enqueue(draftManifest(this.#frame, seen));
  }

  #enqueue({ members, body }: BatchDraft): Batch {
    return this.#options.ledger.enqueue(members, body);
  }

  /** Tries a batch until something has become of it. */
  async #settle(batch: Batch): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const reply = await this.#try(batch);
      if (!(reply instanceof AgentError) && this.#decide(batch, reply)) return;
      await this.#wait(batch, tries, reply);
    }
  }

  async #try(batch: Batch): Promise<Reply | AgentError> {
    const { destination, run, signal } = this.#options;
    this.#stopIfAsked();
    this.#requests += 1;
    try {
      return await destination.send({ body: batch.body, key: `${run.runId}:${batch.sequence}` }, signal);
    } catch (error) {
      this.#stopIfAsked();
      if (error instanceof AgentError && error.code !== 'DESTINATION_REFUSED') return error;
      throw error;
    }
  }

  /** Does what an answer asks for. @returns false: try again */
  #decide(batch: Batch, reply: Reply): boolean {
    const { status } = reply;
    if (status === 408 || status === 429 || status >= 500) return false;
    if (status >= 200 && status < 300) this.#acknowledge(batch);
    else {
      this.#stopIfRefused(reply);
      if (status === 413 && batch.size > 1) this.#halve(batch);
      else this.#park(batch, reply);
    }
    return true;
  }

  #acknowledge(batch: Batch): void {
    const { sequence, size, body } = batch;
    const sent = this.#options.ledger.acknowledge(sequence);
    this.#sizes.accepted(body.length);
    this.#batches += 1;
    this.#tell({ kind: 'acknowledged', sequence, size, sent });
  }

  #park({ sequence, size }: Batch, reply: Reply): void {
    const { status } = reply;
    const text = shown(reply.text);
    this.#options.ledger.park(sequence, status, text);
    this.#tell({ kind: 'parked', sequence, size, status, text });
  }

  /** A process that ends in the middle leaves the members without a batch: they find another one. */
  #halve({ sequence, size, body }: Batch): void {
    const { ledger, ids } = this.#options;
    this.#sizes.refused(body.length);
    const members = ledger.withdraw(sequence);
    this.#tell({ kind: 'halved', sequence, size });
    const middle = Math.ceil(members.length / 2);
    for (const half of [members.slice(0, middle), members.slice(middle)]) {
      this.#enqueue(draftBatch(this.#frame, half, ids, Number.POSITIVE_INFINITY));
    }
  }

  async #wait({ sequence }: Batch, tries: number, reply: Reply | AgentError): Promise<void> {
    const { random = Math.random, pause = sleep, signal } = this.#options;
    const [answer, error] = reply instanceof AgentError ? [null, reply] : [reply, null];
    const asked = Math.min(answer?.retryAfterMs ?? 0, LONGEST_OBEYED_MS);
    const waitMs = Math.round(Math.max(asked, fullJitter(tries, FIRST_WAIT_MS, LONGEST_WAIT_MS, random)));
    this.#tell({ kind: 'again', sequence, tries, waitMs, status: answer?.status ?? null, error });
    await pause(waitMs, signal);
  }

  /** The destination itself is wrong: another batch would fare no better. */
  #stopIfRefused(reply: Reply): void {
    const { destination, ledger } = this.#options;
    const hint = destination.refusal(reply, !ledger.anyAcknowledged);
    if (hint === null) return;
    const text = shown(reply.text);
    const message = `${destination.name} refused with status ${reply.status}${text === '' ? '.' : `: ${text}`}`;
    throw new AgentError('DESTINATION_REFUSED', message, { hint });
  }

  #stopIfAsked(): void {
    if (this.#options.signal.aborted) {
      const message = 'The delivery was stopped; what waits to be sent is kept.';
      throw new AgentError('RUN_INTERRUPTED', message);
    }
  }

  #tell(event: DeliveryEvent): void {
    this.#options.progress?.(event);
  }
}

/** An answer's text, fit for a line on a terminal. */
function shown(text: string): string {
  return text
    .slice(0, LONGEST_TEXT)
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
}
