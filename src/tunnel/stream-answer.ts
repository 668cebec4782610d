import { Readable } from 'node:stream';
import type { Answer, AnswerHead } from '../call.ts';
import { type PostResult, type PostTarget, postAnswer } from './answer-post.ts';
import { type AnswerListeners, AnswerState } from './answer-state.ts';
import { type Dropped, encodeStreamHead } from './wire-answer.ts';
import { passedOn } from './young-garbage.ts';

/** An answer of up to this size goes out as one write. */
const GATHER_BYTES = 64 * 1024;
/** An answer whose end is not known to be near starts to flow after this time. */
const GATHER_MS = 25;
/** More than this waiting to be sent: Bitbucket is held back. */
const HIGH_WATER_BYTES = 256 * 1024;
const RETRY_DELAYS_MS = [100, 400, 1_600];
/** A gateway said that the broker server was not reached. */
const NOT_REACHED = new Set([502, 503, 504]);

/**
 * An answer that travels as the body of a POST of its own, byte for byte, of any length.
 * Short answers are gathered and sent whole; long ones flow, with back-pressure to Bitbucket.
 */
export class StreamAnswer implements Answer {
  readonly wants = 'bytes' as const;
  readonly #target: PostTarget;
  readonly #dropped: Dropped;
  readonly #state: AnswerState;
  #queue: Buffer[] = [];
  #queued = 0;
  #ended = false;
  #gathering: NodeJS.Timeout | undefined;
  #flow: Readable | null = null;
  /** The POST has begun to take the body: it cannot be begun again. */
  #posting = false;
  /** The wire has room. */
  #wants = false;
  #code: string | undefined;

  constructor(target: PostTarget, dropped: Dropped, settled: () => void) {
    this.#target = target;
    this.#dropped = dropped;
    this.#state = new AnswerState(settled);
  }

  listen(listeners: AnswerListeners): void {
    this.#state.listen(listeners);
  }

  begin(head: AnswerHead): void {
    if (this.#state.head !== null || this.#state.over) return;
    this.#state.head = head;
    this.#push(encodeStreamHead(head, this.#dropped));
    if (Number(head.headers['content-length']) > GATHER_BYTES) this.#startFlow();
    else this.#gathering = setTimeout(() => this.#startFlow(), GATHER_MS);
  }

  write(chunk: Buffer): boolean {
    if (this.#ended || this.#state.over) return true;
    this.#state.bytes += chunk.length;
    this.#push(chunk);
    if (this.#flow !== null) this.#drain();
    else if (this.#queued > GATHER_BYTES) this.#startFlow();
    return this.#queued < HIGH_WATER_BYTES;
  }

  end(): void {
    if (this.#ended || this.#state.over || this.#state.head === null) return;
    this.#ended = true;
    clearTimeout(this.#gathering);
    if (this.#flow !== null) this.#drain();
    else this.#sendWhole(Buffer.concat(this.#takeAll()), 0);
  }

  fail(head: AnswerHead, body: string, code: string): void {
    if (this.#ended || this.#state.over) return;
    clearTimeout(this.#gathering);
    this.#code = code;
    if (this.#posting) return void this.#flow?.destroy(new Error(code));
    this.#takeAll();
    this.#state.head = head;
    this.#state.bytes = 0;
    this.#ended = true;
    this.#sendWhole(Buffer.concat([encodeStreamHead(head, this.#dropped), Buffer.from(body)]), 0);
  }

  #push(chunk: Buffer): void {
    this.#queue.push(chunk);
    this.#queued += chunk.length;
  }

  #takeAll(): Buffer[] {
    const chunks = this.#queue;
    this.#queue = [];
    this.#queued = 0;
    return chunks;
  }

  #sendWhole(body: Buffer, tries: number): void {
    this.#posting = true;
    postAnswer(this.#target, body, (result) => {
      const delay = RETRY_DELAYS_MS[tries];
      if (result.ok || delay === undefined || !mayRepeat(result)) return this.#finish(result);
      setTimeout(() => this.#sendWhole(body, tries + 1), delay);
    });
  }

  /** The body of the POST takes from the queue only once it is being sent, so a failed connect has lost nothing. */
  #startFlow(tries = 0): void {
    if (this.#state.over || (this.#flow !== null && tries === 0)) return;
    clearTimeout(this.#gathering);
    const flow = new Readable({ highWaterMark: GATHER_BYTES, read: () => this.#wanted(flow) });
    flow.on('error', () => {});
    this.#flow = flow;
    postAnswer(this.#target, flow, (result) => {
      const delay = RETRY_DELAYS_MS[tries];
      if (result.ok || this.#posting || delay === undefined || this.#code !== undefined)
        return this.#finish(result);
      setTimeout(() => this.#startFlow(tries + 1), delay);
    });
  }

  #wanted(flow: Readable): void {
    if (flow !== this.#flow) return;
    this.#posting = true;
    this.#wants = true;
    this.#drain();
  }

  /** Moves what is queued to the wire as far as the wire wants it. */
  #drain(): void {
    const flow = this.#flow;
    if (flow === null) return;
    const wasFull = this.#queued >= HIGH_WATER_BYTES;
    while (this.#wants && this.#queue.length > 0) {
      const chunk = this.#queue.shift() as Buffer;
      this.#queued -= chunk.length;
      this.#wants = flow.push(chunk);
      passedOn(chunk.length);
    }
    if (this.#queue.length === 0 && this.#ended) flow.push(null);
    else if (wasFull && this.#queued < HIGH_WATER_BYTES) this.#state.drained();
  }

  #finish(result: PostResult): void {
    this.#takeAll();
    const status = this.#state.head?.status ?? 0;
    if (result.ok && this.#ended) this.#state.close(status, this.#code);
    else this.#state.close(0, this.#code ?? 'ANSWER_LOST');
  }
}

/**
 * A whole answer may be sent again when nothing of it was taken: no connection, a kept one that had died, or a
 * gateway in between. The server knows the answer by its streaming id and forgets the id once it was taken, so
 * the caller gets one answer in every case.
 */
function mayRepeat(result: Extract<PostResult, { ok: false }>): boolean {
  return result.status === 0 || NOT_REACHED.has(result.status);
}
