import type { ServerResponse } from 'node:http';
import { passedOn } from '../buffer-collection.ts';
import type { Answer, AnswerHead } from '../call.ts';
import { type AnswerListeners, AnswerState } from '../tunnel/answer-state.ts';
import { type Dropped, legalHead } from '../tunnel/wire-answer.ts';

/** The label that travels beside the status through the tunnel, here as a header. */
export const ERROR_TYPE_HEADER = 'x-broker-error-type';

/** A caller that takes nothing for so long has gone. A slow one makes it move in leaps. */
const STALLED_MS = 5 * 60_000;

/** What Node takes of memory for each read from a socket, however little it reads. */
const READ_BYTES = 64 * 1024;

/** An answer that goes back as the HTTP response of the call: bytes as they come, of any length. */
export class HttpAnswer implements Answer {
  readonly wants = 'bytes' as const;
  readonly #response: ServerResponse;
  readonly #dropped: Dropped;
  readonly #state: AnswerState;
  #code: string | undefined;
  #stalled: NodeJS.Timeout | undefined;

  /** @param settled told once, when the answer is over */
  constructor(response: ServerResponse, dropped: Dropped, settled: () => void) {
    this.#response = response;
    this.#dropped = dropped;
    this.#state = new AnswerState(settled);
    response.on('drain', () => {
      clearTimeout(this.#stalled);
      this.#state.drained();
    });
    response.on('error', () => {});
    response.on('close', () => this.#closed());
  }

  listen(listeners: AnswerListeners): void {
    this.#state.listen(listeners);
  }

  begin(head: AnswerHead): void {
    if (this.#state.head !== null || this.#over) return;
    this.#state.head = head;
    this.#writeHead(head);
    setImmediate(() => {
      if (this.#state.bytes === 0 && !this.#over) this.#response.flushHeaders();
    });
  }

  write(chunk: Buffer): boolean {
    if (this.#over) return true;
    this.#state.bytes += chunk.length;
    passedOn(Math.max(chunk.length, READ_BYTES));
    if (this.#response.write(chunk)) return true;
    this.#expectReader();
    return false;
  }

  end(): void {
    if (this.#over || this.#state.head === null) return;
    this.#response.end();
    this.#expectReader();
  }

  fail(head: AnswerHead, body: string, code: string): void {
    if (this.#over) return;
    this.#code = code;
    if (this.#state.head !== null) return void this.#response.destroy();
    this.#state.head = head;
    const bytes = Buffer.from(body);
    this.#writeHead({ ...head, headers: { ...head.headers, 'content-length': String(bytes.length) } });
    this.#response.end(bytes);
    this.#expectReader();
  }

  /** Breaks the connection off, whatever is still to be read. */
  abandon(): void {
    this.#code ??= 'ANSWER_LOST';
    this.#response.destroy();
  }

  /** What is written is to be read, some of it in this time. */
  #expectReader(): void {
    clearTimeout(this.#stalled);
    this.#stalled = setTimeout(() => this.abandon(), STALLED_MS).unref();
  }

  get #over(): boolean {
    return this.#state.over || this.#response.writableEnded || this.#response.destroyed;
  }

  #writeHead(head: AnswerHead): void {
    const { status, headers, errorType } = legalHead(head, this.#dropped);
    const { [ERROR_TYPE_HEADER]: _, ...passed } = headers;
    this.#response.writeHead(
      status,
      errorType === undefined ? passed : { ...passed, [ERROR_TYPE_HEADER]: errorType },
    );
  }

  #closed(): void {
    clearTimeout(this.#stalled);
    if (!this.#response.writableFinished) return this.#state.close(0, this.#code ?? 'ANSWER_LOST');
    this.#state.close(this.#response.statusCode, this.#code);
  }
}
