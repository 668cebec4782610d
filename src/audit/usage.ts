import { join } from 'node:path';
import { DAY_MS, dayOf, filesOf, instancesIn } from './files.ts';
import { linesOf } from './lines.ts';
import { pathShape } from './path-shape.ts';
import { isCall, readRecord, type StoredCall } from './stored-record.ts';

export interface UsageOptions {
  /** How many days back, today included; all there is when left out. */
  readonly days?: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

export interface RuleUse {
  readonly hits: number;
  /** Epoch milliseconds. */
  readonly lastAt: number;
}

/** Refused calls of one kind. */
export interface Refused {
  readonly method: string;
  /** A path with its ids and names taken out. */
  readonly shape: string;
  readonly reason: string;
  readonly count: number;
  /** Epoch milliseconds. */
  readonly lastAt: number;
}

/** What the trail of all instances says of the use of rules. */
export interface Usage {
  /** ISO times of the oldest and the newest record that was read; `null` where there is none. */
  readonly from: string | null;
  readonly to: string | null;
  readonly records: number;
  /** Calls that were allowed, by rule id. */
  readonly hits: ReadonlyMap<string, RuleUse>;
  /** Most frequent first, at most 50. */
  readonly refused: readonly Refused[];
}

const MOST_SHOWN = 50;
/** Kinds of calls and rules that are counted; whoever makes up more is not counted further. */
const MOST_COUNTED = 10_000;

/** Reads the trail below a folder and counts. Lines that are no records are passed over. */
export async function readUsage(folder: string, { days, now }: UsageOptions): Promise<Usage> {
  const oldest = days === undefined ? '' : dayOf(now - (days - 1) * DAY_MS);
  const tally = new Tally();
  for (const instance of instancesIn(folder)) {
    const path = join(folder, instance);
    for (const { name } of filesOf(path).filter(({ day }) => day >= oldest)) {
      for await (const lines of linesOf(join(path, name))) {
        for (const { bytes } of lines) tally.read(bytes);
      }
    }
  }
  return tally.usage();
}

class Tally {
  readonly #hits = new Map<string, { hits: number; lastAt: number }>();
  readonly #refused = new Map<string, { -readonly [Field in keyof Refused]: Refused[Field] }>();
  #from: string | null = null;
  #to: string | null = null;
  #records = 0;

  read(line: Buffer): void {
    const record = readRecord(line);
    if (record === null) return;
    const { time } = record;
    this.#records += 1;
    if (this.#from === null || time < this.#from) this.#from = time;
    if (this.#to === null || time > this.#to) this.#to = time;
    if (isCall(record)) this.#count(record, Date.parse(time));
  }

  usage(): Usage {
    const refused = [...this.#refused.values()].toSorted((one, other) => other.count - one.count);
    return {
      from: this.#from,
      to: this.#to,
      records: this.#records,
      hits: this.#hits,
      refused: refused.slice(0, MOST_SHOWN),
    };
  }

  #count(call: StoredCall, at: number): void {
    if (!call.allowed) return this.#countRefused(call, at);
    const { ruleId } = call;
    if (ruleId === null) return;
    const known = this.#hits.get(ruleId);
    if (known !== undefined) {
      known.hits += 1;
      known.lastAt = Math.max(known.lastAt, at);
    } else if (this.#hits.size < MOST_COUNTED) this.#hits.set(ruleId, { hits: 1, lastAt: at });
  }

  #countRefused({ method, path, reason }: StoredCall, at: number): void {
    const shape = pathShape(path);
    const kind = `${method} ${reason} ${shape}`;
    const known = this.#refused.get(kind);
    if (known !== undefined) {
      known.count += 1;
      known.lastAt = Math.max(known.lastAt, at);
    } else if (this.#refused.size < MOST_COUNTED) {
      this.#refused.set(kind, { method, shape, reason, count: 1, lastAt: at });
    }
  }
}
