import type { AnswerHead, AnswerOutcome } from '../call.ts';

export interface AnswerListeners {
  drained(): void;
  closed(outcome: AnswerOutcome): void;
}

/**
 * What both answer paths share: exactly one answer leaves, and its listeners hear of its end exactly once,
 * even when it ended before they began to listen.
 */
export class AnswerState {
  #listeners: AnswerListeners | null = null;
  #outcome: AnswerOutcome | null = null;
  readonly #settled: () => void;
  head: AnswerHead | null = null;
  bytes = 0;

  /** @param settled told first, once, so that the owner can forget the answer */
  constructor(settled: () => void) {
    this.#settled = settled;
  }

  get over(): boolean {
    return this.#outcome !== null;
  }

  listen(listeners: AnswerListeners): void {
    this.#listeners = listeners;
    if (this.#outcome !== null) listeners.closed(this.#outcome);
  }

  drained(): void {
    if (this.#outcome === null) this.#listeners?.drained();
  }

  /** @param code an error code when the caller did not get what Bitbucket said */
  close(status: number, code?: string): void {
    if (this.#outcome !== null) return;
    this.#outcome = code === undefined ? { status, bytes: this.bytes } : { status, bytes: this.bytes, code };
    this.#settled();
    this.#listeners?.closed(this.#outcome);
  }
}
