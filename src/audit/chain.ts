import { hash } from 'node:crypto';

/** `prev` of the first record of a chain. */
export const CHAIN_START = '0'.repeat(64);

/** A record's hash: SHA-256 of its line without the line break, in hexadecimal. */
export const hashOf = (line: string | Buffer): string => hash('sha256', line, 'hex');

/** The end of a chain, to which records are put. */
export interface ChainEnd {
  /** Of the newest record; 0 when there is none. */
  readonly seq: number;
  /** The newest record's hash. */
  readonly head: string;
}

export const EMPTY_CHAIN: ChainEnd = { seq: 0, head: CHAIN_START };

/** Puts records to the end of a chain: each gets the next number and the hash of the one before it. */
export class Chain {
  #seq: number;
  #head: string;

  constructor({ seq, head }: ChainEnd) {
    this.#seq = seq;
    this.#head = head;
  }

  get end(): ChainEnd {
    return { seq: this.#seq, head: this.#head };
  }

  /** @param body a record's fields as JSON, without braces @returns the record's line, without a line break */
  link(body: string): string {
    this.#seq += 1;
    const line = `{"seq":${this.#seq},${body},"prev":"${this.#head}"}`;
    this.#head = hashOf(line);
    return line;
  }
}
