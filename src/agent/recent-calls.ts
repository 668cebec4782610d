import type { CallListener, CallRecord, Road } from '../call.ts';
import type { RecentCall } from '../http/admin/status.ts';

/** How often a rule has let a call through since the start. */
export interface RuleHits {
  readonly hits: number;
  /** Epoch milliseconds. */
  readonly lastAt: number;
}

/**
 * So many calls are kept. The agent's own, of which one run makes thousands, and those of strangers, who may send any
 * number, push out only each other.
 */
const KEPT = { others: 200, own: 50, strangers: 20 } as const;
type Kind = keyof typeof KEPT;

/** The newest calls, and how often each rule was used: what this process remembers of its own work. */
export class RecentCalls {
  readonly listener: CallListener;
  readonly #rings: Readonly<Record<Kind, Ring>> = {
    others: new Ring(KEPT.others),
    own: new Ring(KEPT.own),
    strangers: new Ring(KEPT.strangers),
  };
  readonly #hits = new Map<string, { hits: number; lastAt: number }>();

  constructor(now: () => number = Date.now) {
    this.listener = (road, { query: _, ...record }) => {
      const at = now();
      this.#rings[kindOf(road, record)].add({ ...record, path: detached(record.path), road, at });
      if (record.ruleId !== null) this.#count(record.ruleId, at);
    };
  }

  /** Newest first: at most 200 calls of others, 50 of the agent's own and 20 of strangers. */
  newest(): readonly RecentCall[] {
    const { others, own, strangers } = this.#rings;
    return [...others.all(), ...own.all(), ...strangers.all()].sort((one, other) => other.at - one.at);
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

/** A stranger is who was turned away by HTTP before showing a token, or with a webhook, which anybody can send. */
function kindOf(road: Road, { allowed, reason }: Pick<CallRecord, 'allowed' | 'reason'>): Kind {
  if (road === 'inventory' || road === 'delivery') return 'own';
  const stranger = road === 'webhook' ? !allowed : road === 'http-relay' && reason === 'UNAUTHORIZED';
  return stranger ? 'strangers' : 'others';
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
