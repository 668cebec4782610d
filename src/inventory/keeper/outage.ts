import type { Log } from '../../log.ts';

/** Tells of something that fails again and again once when that begins, when its reason changes, and when it is over. */
export class Outage {
  readonly #log: Log;
  readonly #message: string;
  #reason: string | null = null;

  /** @param message what cannot be done */
  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** @param reason a code: one of few */
  failed(reason: string, hint: string): void {
    if (this.#reason === reason) return;
    this.#reason = reason;
    this.#log.warn(this.#message, { reason, hint });
  }

  succeeded(): void {
    if (this.#reason === null) return;
    this.#reason = null;
    this.#log.info(`${this.#message}: over`);
  }
}
