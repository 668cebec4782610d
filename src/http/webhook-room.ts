/** What one webhook takes up, from its first byte of body until its answer is out. */
export interface Place {
  /** So many more bytes have arrived. @returns `false`: there is no room for them */
  take(bytes: number): boolean;
  /** The body is here. @returns `false`: too many are under way */
  begin(): boolean;
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

/**
 * Bounds what webhooks hold in memory at a time: this port has no authentication. Only what has arrived counts, so that
 * who sends nothing keeps nobody out.
 */
export class WebhookRoom {
  readonly #size: RoomSize;
  #webhooks = 0;
  #bytes = 0;
  #emptied: (() => void) | null = null;

  constructor(size: RoomSize = SIZE) {
    this.#size = size;
  }

  enter(): Place {
    let held = 0;
    let begun = false;
    let over = false;
    return {
      take: (bytes) => {
        if (over || this.#bytes + bytes > this.#size.bytes) return false;
        held += bytes;
        this.#bytes += bytes;
        return true;
      },
      begin: () => {
        if (over || this.#webhooks >= this.#size.webhooks) return false;
        begun = true;
        this.#webhooks += 1;
        return true;
      },
      leave: () => {
        if (over) return;
        over = true;
        this.#bytes -= held;
        if (!begun) return;
        this.#webhooks -= 1;
        if (this.#webhooks === 0) this.#emptied?.();
      },
    };
  }

  /** Settles once no webhook is under way, or after `ms`. */
  async emptied(ms: number): Promise<void> {
    if (this.#webhooks === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#emptied = resolve;
    const limit = setTimeout(resolve, ms);
    await promise;
    clearTimeout(limit);
  }
}
