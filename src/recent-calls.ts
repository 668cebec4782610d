import type { CallListener, CallRecord, Road } from './call.ts';

/** A call that was decided here, as the status page shows it. */
export interface RecentCall extends CallRecord {
  readonly road: Road;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** How often a rule has let a call through since the start. */
export interface RuleHits {
  readonly hits: number;
  /** Epoch milliseconds. */
  readonly lastAt: number;
}

const KEPT = 200;

/** The newest calls, and how often each rule was used: what this process remembers of its own work. */
export class RecentCalls {
  readonly listener: CallListener;
  readonly #calls: RecentCall[] = [];
  readonly #hits = new Map<string, { hits: number; lastAt: number }>();
  #next = 0;

  constructor(now: () => number = Date.now) {
    this.listener = (road, record) => {
      const at = now();
      this.#calls[this.#next] = { ...record, road, at };
      this.#next = (this.#next + 1) % KEPT;
      if (record.ruleId !== null) this.#count(record.ruleId, at);
    };
  }

  /** Newest first, at most 200. */
  newest(): readonly RecentCall[] {
    return [...this.#calls.slice(this.#next), ...this.#calls.slice(0, this.#next)].reverse();
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
