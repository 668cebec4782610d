/** What one webhook takes up, from the end of its head until its answer is out. */
export interface Place {
  /** The body has arrived: it is as large as this. */
  holds(bytes: number): void;
  /** It is over. May be called more than once. */
  leave(): void;
}

export interface RoomSize {
  readonly webhooks: number;
  /** Of all their bodies together. */
  readonly bytes: number;
}

/** Bitbucket itself sends at most 250 webhooks at a time. */
const SIZE: RoomSize = { webhooks: 256, bytes: 32 * 1024 * 1024 };

/** Bounds what webhooks hold in memory at a time: this port has no authentication. */
export class WebhookRoom {
  readonly #size: RoomSize;
  #webhooks = 0;
  #bytes = 0;

  constructor(size: RoomSize = SIZE) {
    this.#size = size;
  }

  /** @param bytes how large its body may become. @returns `null`: there is no room */
  enter(bytes: number): Place | null {
    if (this.#webhooks >= this.#size.webhooks || this.#bytes + bytes > this.#size.bytes) return null;
    let held = bytes;
    let here = true;
    this.#webhooks += 1;
    this.#bytes += held;
    return {
      holds: (now) => {
        if (!here) return;
        this.#bytes += now - held;
        held = now;
      },
      leave: () => {
        if (!here) return;
        here = false;
        this.#webhooks -= 1;
        this.#bytes -= held;
      },
    };
  }
}
