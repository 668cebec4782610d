import { isUtf8 } from 'node:buffer';
import { freeCopied, passedOn } from '../buffer-collection.ts';
import type { Answer, AnswerHead } from '../call.ts';
import { type ErrorCode, HTTP_STATUS } from '../errors.ts';
import { type AnswerListeners, AnswerState } from './answer-state.ts';
import { decodeContent } from './content-encoding.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import type { TunnelSocket } from './socket.ts';
import type { TextBudget } from './text-budget.ts';
import { type Dropped, encodeAnswer, MAX_BODY_BYTES } from './wire-answer.ts';

/** Of the body that travels as one JSON string nothing of these is true any more. */
const UNTRUE = new Set(['content-length', 'content-encoding', 'transfer-encoding']);

export interface SocketAnswerOptions {
  readonly socket: TunnelSocket;
  /** Of the event that asked. */
  readonly id: number;
  readonly budget: TextBudget;
  readonly dropped: Dropped;
  settled(): void;
}

/**
 * An answer that travels as the acknowledgement of its request: one JSON object with the body as text.
 * The whole body is collected (20 MiB at most), decoded if Bitbucket compressed it all the same, and must be UTF-8.
 */
export class SocketAnswer implements Answer {
  readonly wants = 'text' as const;
  readonly #options: SocketAnswerOptions;
  readonly #state: AnswerState;
  readonly #body = new GrowingBuffer();
  #ended = false;
  #sent = false;

  constructor(options: SocketAnswerOptions) {
    this.#options = options;
    this.#state = new AnswerState(() => {
      options.budget.release(this);
      options.settled();
    });
  }

  listen(listeners: AnswerListeners): void {
    this.#state.listen(listeners);
  }

  drained(): void {
    this.#state.drained();
  }

  begin(head: AnswerHead): void {
    this.#state.head ??= head;
  }

  write(chunk: Buffer): boolean {
    if (this.#ended || this.#sent) return true;
    this.#body.push(chunk);
    if (this.#body.length > MAX_BODY_BYTES) {
      this.#refuse('BODY_TOO_LARGE', 'The answer is over 20 MiB.');
      return true;
    }
    const goOn = this.#options.budget.take(this, chunk.length);
    return goOn || this.#body.length >= Number(this.#state.head?.headers['content-length']);
  }

  end(): void {
    const { head } = this.#state;
    if (this.#ended || this.#sent || head === null) return;
    this.#ended = true;
    const encoding = head.headers['content-encoding'];
    const plain = encoding === undefined || encoding === 'identity' || this.#body.length === 0;
    const largest = plain ? this.#body.length : MAX_BODY_BYTES;
    this.#options.budget.finish(this, largest, () => {
      if (plain) return this.#finish(head, this.#body.take());
      decodeContent(encoding, this.#body.take(), MAX_BODY_BYTES).then(
        (decoded) => this.#finish(head, decoded),
        (error: { code: 'BODY_TOO_LARGE' | 'DOWNSTREAM_ERROR'; message: string }) =>
          this.#refuse(error.code, error.message),
      );
    });
  }

  fail(head: AnswerHead, body: string, code: string): void {
    this.#acknowledge(head, body, code);
  }

  /** Other answers left no room for so long that the caller is better off with an error. */
  starved(): void {
    this.#refuse('BUSY', 'Too many large answers at once; ask for it as a stream.');
  }

  /** The socket is gone, and with it the caller. */
  abandon(): void {
    this.#sent = true;
    this.#body.take();
    this.#state.close(0, 'TUNNEL_CLOSED');
  }

  #finish(head: AnswerHead, body: Buffer): void {
    if (!isUtf8(body))
      return this.#refuse('BODY_NOT_UTF8', 'The answer is not UTF-8 text; ask for it as a stream.');
    const headers: Record<string, string> = { 'x-broker-ws-response': 'true' };
    for (const name in head.headers) if (!UNTRUE.has(name)) headers[name] = head.headers[name] as string;
    this.#state.bytes = body.length;
    this.#acknowledge({ ...head, headers }, body.toString('utf8'));
    freeCopied([body]);
  }

  #refuse(code: ErrorCode, message: string): void {
    const head = {
      status: HTTP_STATUS[code],
      headers: { 'content-type': 'application/json' },
      errorType: code,
    };
    this.#state.bytes = 0;
    this.#acknowledge(head, JSON.stringify({ code, message }), code);
  }

  /** The answer is over when the socket has handed it to the network; what fails after that is the caller's to see. */
  #acknowledge(head: AnswerHead, body: string, code?: string): void {
    if (this.#sent) return;
    const { socket, id, dropped } = this.#options;
    const frame = encodeAnswer(id, head, body, dropped);
    if (frame === null)
      return this.#refuse('BODY_TOO_LARGE', 'The answer is over 22,000,000 bytes once encoded.');
    this.#sent = true;
    this.#body.take();
    passedOn(frame.length);
    socket.send(frame, (lost) => {
      if (lost) this.#state.close(0, 'TUNNEL_CLOSED');
      else this.#state.close(head.status, code);
    });
  }
}
