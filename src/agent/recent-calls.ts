import type { CallListener } from '../call.ts';
import type { RecentCall } from '../http/admin/status.ts';

/** How often a rule has let a call through since the start. */
export interface RuleHits {
  readonly hits: number;
  /** Epoch milliseconds. */
  readonly lastAt: number;
}

/** So many calls of others are kept, and of the agent's own: one run makes thousands, which push out only each other. */
const KEPT = { others: 200, own: 50 } as const;

/** The newest calls, and how often each rule was used: what this process remembers of its own work. */
export class RecentCalls {
  readonly listener: CallListener;
  readonly #others = new Ring(KEPT.others);
  readonly #own = new Ring(KEPT.own);
  readonly #hits = new Map<string, { hits: number; lastAt: number }>();

  constructor(now: () => number = Date.now) {
    this.listener = (road, { query: _, ...record }) => {
      const at = now();
      const ring = road === 'inventory' || road === 'delivery' ? this.#own : this.#others;
      ring.add({ ...record, path: detached(record.path), road, at });
      if (record.ruleId !== null) this.#count(record.ruleId, at);
    };
  }

  /** Newest first: at most 200 calls of others and 50 of the agent's own. */
  newest(): readonly RecentCall[] {
    return [...this.#others.all(), ...this.#own.all()].sort((one, other) => other.at - one.at);
  }

  /** By rule id; rules that were never used are not in it. */
  get hits(): ReadonlyMap<string, RuleHits> {
    return this.#hits;
  }

  #count(ruleId: string, at: number): void {
    const known = this.#hits.get(ruleId);
    if (known === undefined) this.#hits.set(ruleId, { hits: 1, lastAt: at });
    else {
      known.hits += 1;
      known.lastAt = at;
    }
  }
}

/** The newest of many calls. */
class Ring {
  readonly #size: number;
  readonly #calls: RecentCall[] = [];
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  add(call: RecentCall): void {
    this.#calls[this.#next] = call;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** Newest first. */
  all(): RecentCall[] {
    return [...this.#calls.slice(this.#next), ...this.#calls.slice(0, this.#next)].reverse();
  }
}

/** A copy: the engine keeps the whole of a text, such as a URL of megabytes, while a part cut from it is in use. */
const detached = (text: string): string => Buffer.from(text, 'utf16le').toString('utf16le');
