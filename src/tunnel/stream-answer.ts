import type { Answer, AnswerHead } from '../call.ts';
import { AnswerBody } from './answer-body.ts';
import { type PostResult, type PostTarget, postAnswer } from './answer-post.ts';
import { type AnswerListeners, AnswerState } from './answer-state.ts';
import { type Dropped, encodeStreamHead } from './wire-answer.ts';

/** An answer of up to this size goes out as one write. */
const GATHER_BYTES = 64 * 1024;
/** An answer whose end is not known to be near starts to flow after this time. */
const GATHER_MS = 25;
const RETRY_DELAYS_MS = [100, 400, 1_600];

/**
 * An answer that travels as the body of a POST of its own, byte for byte, of any length.
 * Short answers are gathered and sent whole; long ones flow, with back-pressure to Bitbucket.
 */
export class StreamAnswer implements Answer {
  readonly wants = 'bytes' as const;
  readonly #target: PostTarget;
  readonly #dropped: Dropped;
  readonly #state: AnswerState;
  #body = this.#newBody();
  #code: string | undefined;
  /** Counts POSTs; what an earlier one tells is of no interest any more. */
  #post = 0;
  #timer: NodeJS.Timeout | undefined;

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
    this.#body.push(encodeStreamHead(head, this.#dropped));
    if (Number(head.headers['content-length']) > GATHER_BYTES) this.#send(0);
    else this.#timer = setTimeout(() => this.#send(0), GATHER_MS);
  }

  write(chunk: Buffer): boolean {
    if (this.#body.ended || this.#state.over) return true;
    this.#state.bytes += chunk.length;
    this.#body.push(chunk);
    if (this.#post === 0 && this.#body.queued > GATHER_BYTES) this.#send(0);
    return !this.#body.full;
  }

  end(): void {
    if (this.#body.ended || this.#state.over || this.#state.head === null) return;
    this.#body.end();
    if (this.#post === 0) this.#send(0);
  }

  fail(head: AnswerHead, body: string, code: string): void {
    if (this.#body.ended || this.#state.over) return;
    this.#code = code;
    const { flowing } = this.#body;
    this.#body.discard(code);
    // What flows is broken off: its POST fails, and #finish closes the answer.
    if (flowing) return;
    this.#state.head = head;
    this.#state.bytes = 0;
    this.#body = this.#newBody();
    this.#body.push(encodeStreamHead(head, this.#dropped));
    this.#body.push(Buffer.from(body));
    this.#body.end();
    this.#send(0);
  }

  #newBody(): AnswerBody {
    return new AnswerBody(() => this.#state.drained());
  }

  #send(tries: number): void {
    clearTimeout(this.#timer);
    this.#post += 1;
    const post = this.#post;
    const body = this.#body.ended ? this.#body.whole() : this.#body.open();
    postAnswer(this.#target, body, (result) => {
      if (post !== this.#post || this.#state.over) return;
      const delay = RETRY_DELAYS_MS[tries];
      if (result.ok || result.started || this.#body.flowing || delay === undefined)
        return this.#finish(result);
      this.#timer = setTimeout(() => this.#send(tries + 1), delay);
    });
  }

  #finish(result: PostResult): void {
    const status = this.#state.head?.status ?? 0;
    if (result.ok) this.#body.taken();
    if (result.ok && this.#body.ended) this.#state.close(status, this.#code);
    else this.#state.close(0, this.#code ?? 'ANSWER_LOST');
    this.#body.discard('over');
  }
}
