type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How far a server's clock is from this host's. */
export interface ClockSight {
  readonly server: string;
  /** Its clock minus this one, milliseconds. */
  readonly offMs: number;
}

/** What the last answer told of the rate limit. */
export interface RateSight {
  /** Bitbucket refused a call for it. */
  readonly refused: boolean;
  readonly remaining: number | null;
  readonly limit: number | null;
}

/** What checks happen to see while they look at something else. */
export class Observations {
  readonly #clocks = new Map<string, ClockSight>();
  #rate: RateSight | null = null;

  /** By their names: which server answers first is chance. */
  get clocks(): readonly ClockSight[] {
    return [...this.#clocks.values()].sort((one, other) => (one.server < other.server ? -1 : 1));
  }

  get rate(): RateSight | null {
    return this.#rate;
  }

  /** @param askedAt and answeredAt epoch milliseconds; `Date` is taken for the moment between, give or take a second */
  clock(server: string, headers: Headers, askedAt: number, answeredAt: number): void {
    const its = Date.parse(String(headers.date ?? ''));
    if (Number.isNaN(its)) return;
    // `Date` has no parts of a second: on average it is half of one behind.
    this.#clocks.set(server, { server, offMs: Math.round(its + 500 - (askedAt + answeredAt) / 2) });
  }

  rateLimit(status: number, headers: Headers): void {
    const refused = status === 429;
    const remaining = numberIn(headers['x-ratelimit-remaining']);
    const limit = numberIn(headers['x-ratelimit-limit']);
    if (!refused && remaining === null) return;
    this.#rate = { refused: refused || this.#rate?.refused === true, remaining, limit };
  }
}

function numberIn(value: string | string[] | undefined): number | null {
  const text = String(value ?? '').trim();
  return /^\d{1,15}$/.test(text) ? Number(text) : null;
}
