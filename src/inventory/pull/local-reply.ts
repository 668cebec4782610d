import type { Flight, ReplySink } from '../../bitbucket/send.ts';
import { AgentError } from '../../errors.ts';

/** A whole reply; the body of an answer to HEAD is measured and not sent. */
export interface LocalReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const PIECE_BYTES = 64 * 1024;

/**
 * Makes a reply in a turn of its own and hands it to a sink piece by piece, as a reply over the network would come:
 * never before the caller has its flight, and no faster than the sink takes it.
 */
export class LocalFlight implements Flight {
  readonly #sink: ReplySink;
  readonly #bodyless: boolean;
  #turn: NodeJS.Immediate;
  #rest: Buffer = Buffer.alloc(0);
  #held = false;
  #over = false;

  /** @param make may throw: the sink is then told that it failed */
  constructor(make: () => LocalReply, sink: ReplySink, { bodyless }: { bodyless: boolean }) {
    this.#sink = sink;
    this.#bodyless = bodyless;
    this.#turn = setImmediate(() => this.#begin(make));
  }

  resume(): void {
    if (!this.#held || this.#over) return;
    this.#held = false;
    this.#turn = setImmediate(() => this.#goOn());
  }

  cancel(): void {
    this.#over = true;
    this.#rest = Buffer.alloc(0);
    clearImmediate(this.#turn);
  }

  #begin(make: () => LocalReply): void {
    let reply: LocalReply;
    try {
      reply = make();
    } catch (error) {
      this.#over = true;
      return this.#sink.failed(unreadable(error));
    }
    const { status, headers, body } = reply;
    this.#sink.head(status, { ...headers, 'content-length': String(body.length) });
    if (!this.#bodyless) this.#rest = body;
    this.#goOn();
  }

  #goOn(): void {
    while (!this.#over && this.#rest.length > 0) {
      const piece = this.#rest.subarray(0, PIECE_BYTES);
      this.#rest = this.#rest.subarray(PIECE_BYTES);
      if (!this.#sink.data(piece) && !this.#over) {
        this.#held = true;
        return;
      }
    }
    if (this.#over) return;
    this.#over = true;
    this.#sink.end();
  }
}

/** The error's own text may name folders of this host, so only its code and cause are kept. */
function unreadable(error: unknown): AgentError {
  const code = error instanceof AgentError ? error.code : 'INTERNAL';
  const cause = error instanceof AgentError ? (error.cause ?? error) : error;
  return new AgentError(code, 'The agent cannot read its inventory.', { cause });
}
