import { inspect } from 'node:util';

const MASK = '[secret]';

/**
 * A value that no log line, error or dump may show. Printing it in any way gives `[secret]`;
 * only `reveal` hands the value out, to the one place that sends it.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
