import { join } from 'node:path';
import { CHAIN_START, hashOf } from './chain.ts';
import { filesOf, instancesIn } from './files.ts';
import { linesOf } from './lines.ts';
import { isCall, readRecord, type StoredRecord } from './stored-record.ts';

/**
 * `changed`: a record is not what it was. `removed`: records are missing. `inserted`: a record repeats a number.
 * `reordered`: records stand in another order. `cut`: a record in the middle has no end.
 */
export type Damage = 'changed' | 'removed' | 'inserted' | 'reordered' | 'cut';

/** The first record of a chain that is not in order. */
export interface Break {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** `null`: the line has none that can be read. */
  readonly seq: number | null;
  readonly damage: Damage;
  /** What is wrong, in words of this agent only. */
  readonly detail: string;
}

/** What could be said of one chain. */
export interface Proof {
  readonly instance: string;
  readonly files: number;
  /** As far as the chain holds. */
  readonly records: number;
  /** ISO times of the first and the last record; `null` where there is none. */
  readonly from: string | null;
  readonly to: string | null;
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  /** The newest record's hash; `null` where there is none, or the chain is broken. */
  readonly head: string | null;
  /** Things to know that break nothing. */
  readonly notes: readonly string[];
  /** `null`: the chain is proven. */
  readonly broken: Break | null;
  /** The number of the record whose hash is the one looked for. */
  readonly headSeq: number | null;
}

export interface VerifyOptions {
  /** One instance; all when left out. */
  readonly instance?: string;
  /** A hash that was noted elsewhere. */
  readonly head?: string;
}

/** How many lines behind a gap are looked at, to tell removed from reordered records. */
const MOST_LOOKED_AT = 1_000;

/** Proves each chain below the folder, or names its first broken record. Only reads. */
export async function verify(folder: string, { instance, head }: VerifyOptions = {}): Promise<Proof[]> {
  const examined: Examination[] = [];
  const removals = new Set<string>();
  const examine = async (name: string) => {
    const examination = new Examination(folder, name, head ?? null);
    await examination.examine(removals);
    return examination;
  };
  const names = instancesIn(folder);
  for (const name of names)
    if (instance === undefined || name === instance) examined.push(await examine(name));
  // What one chain lacks, the process of another may have cleared up.
  if (examined.some((each) => !each.beginsRightly(removals))) {
    for (const name of names) if (instance !== undefined && name !== instance) await examine(name);
  }
  return examined.map((each) => each.proof(removals));
}

interface Place {
  readonly file: string;
  readonly line: number;
}

interface Placed extends Place {
  readonly bytes: Buffer;
  readonly whole: boolean;
}

/** A record with its place and its hash. */
interface Known extends Place {
  readonly seq: number;
  readonly prev: string;
  readonly time: string;
  readonly hash: string;
}

class Examination {
  readonly #folder: string;
  readonly #instance: string;
  readonly #wanted: string | null;
  readonly #notes: string[] = [];
  #files = 0;
  #records = 0;
  #first: Known | null = null;
  #last: Known | null = null;
  #headSeq: number | null = null;
  #broken: Break | null = null;

  constructor(folder: string, instance: string, wanted: string | null) {
    this.#folder = folder;
    this.#instance = instance;
    this.#wanted = wanted;
  }

  /** @param removals what retention records name is put into it, as far as the chain holds */
  async examine(removals: Set<string>): Promise<void> {
    this.#broken = await this.#examine(removals);
  }

  /** The chain has its beginning, or retention has removed it. */
  beginsRightly(removals: ReadonlySet<string>): boolean {
    if (this.#first === null) return true;
    const { seq, prev } = this.#first;
    if (seq === 1 && prev === CHAIN_START) return true;
    return removals.has(removalKey(this.#instance, seq - 1, prev));
  }

  proof(removals: ReadonlySet<string>): Proof {
    const first = this.#first;
    if (first !== null && !this.beginsRightly(removals)) return this.#withoutBeginning(first);
    const broken = this.#broken;
    if (first !== null && first.seq > 1) {
      this.#notes.push(`records up to ${first.seq - 1} were removed by retention`);
    }
    return {
      instance: this.#instance,
      files: this.#files,
      records: this.#records,
      from: this.#first?.time ?? null,
      to: this.#last?.time ?? null,
      firstSeq: this.#first?.seq ?? null,
      lastSeq: this.#last?.seq ?? null,
      head: broken === null ? (this.#last?.hash ?? null) : null,
      notes: this.#notes,
      broken,
      headSeq: this.#headSeq,
    };
  }

  #withoutBeginning(first: Known): Proof {
    return {
      ...{ instance: this.#instance, files: this.#files, records: 0, notes: [], broken: openingOf(first) },
      ...{ from: null, to: null, firstSeq: null, lastSeq: null, head: null, headSeq: null },
    };
  }

  async #examine(removals: Set<string>): Promise<Break | null> {
    const lines = this.#lines();
    for await (const line of lines) {
      if (!line.whole) {
        const after = (await lines.next()).value;
        if (after === undefined) return this.#torn(line);
        return breakAt(line, null, 'cut', 'the record ends in the middle, and others follow');
      }
      const record = isBare(line.bytes) ? readRecord(line.bytes) : null;
      if (record === null) return breakAt(line, null, 'changed', 'the line is no record');
      const broken = await this.#judge(line, record, lines);
      if (broken !== null) return broken;
      this.#accept(line, record);
      if (!isCall(record) && record.event === 'retention') {
        removals.add(removalKey(String(record.instance), Number(record.lastSeq), String(record.lastHash)));
      }
    }
    return null;
  }

  #torn({ bytes, file }: Placed): null {
    this.#notes.push(`${file} ends with ${bytes.length} bytes of a record that was not written whole`);
    return null;
  }

  #accept({ bytes, file, line }: Placed, { seq, prev, time }: StoredRecord): void {
    const known = { seq, prev, time, hash: hashOf(bytes), file, line };
    this.#records += 1;
    this.#first ??= known;
    this.#last = known;
    if (known.hash === this.#wanted) this.#headSeq = seq;
  }

  async #judge(at: Placed, record: StoredRecord, rest: AsyncIterator<Placed>): Promise<Break | null> {
    const last = this.#last;
    if (last === null) return null;
    const { seq, prev } = record;
    if (seq === last.seq + 1 && prev === last.hash) return null;
    if (seq === last.seq + 1) return this.#judgePair(last, at, record, rest);
    if (prev === last.hash) return breakAt(at, seq, 'changed', `it should be record ${last.seq + 1}`);
    const rival = seq === last.seq && prev === last.prev && hashOf(at.bytes) !== last.hash;
    if (rival && (await isFollowed(at, rest))) {
      return breakAt(last, seq, 'inserted', 'another record has its place, and the next one is behind that');
    }
    if (seq <= last.seq) {
      return breakAt(at, seq, 'inserted', `it follows record ${last.seq} and cannot`);
    }
    if (await comesLater(last.seq + 1, rest)) {
      return breakAt(at, seq, 'reordered', `record ${last.seq + 1} stands behind it`);
    }
    const missing =
      seq === last.seq + 2 ? `record ${seq - 1} is` : `records ${last.seq + 1} to ${seq - 1} are`;
    return breakAt(at, seq, 'removed', `before it, ${missing} missing`);
  }

  /** Two neighbours do not fit: the one whose follower does not fit either, or else the first, was changed. */
  async #judgePair(
    last: Known,
    at: Placed,
    { seq }: StoredRecord,
    rest: AsyncIterator<Placed>,
  ): Promise<Break> {
    const following = (await rest.next()).value as Placed | undefined;
    const next = following === undefined ? null : readRecord(following.bytes);
    if (next !== null && next.prev === hashOf(at.bytes)) {
      return breakAt(last, last.seq, 'changed', `record ${seq} has another hash as its prev`);
    }
    if (following === undefined || !following.whole) {
      const detail = `it is not the record that ${seq} was put behind, or ${seq} itself was changed`;
      return breakAt(last, last.seq, 'changed', detail);
    }
    return breakAt(at, seq, 'changed', `its prev is not the hash of record ${last.seq}`);
  }

  async *#lines(): AsyncGenerator<Placed> {
    const path = join(this.#folder, this.#instance);
    for (const { name } of filesOf(path)) {
      this.#files += 1;
      let line = 0;
      for await (const lines of linesOf(join(path, name))) {
        for (const { bytes, whole } of lines) {
          line += 1;
          yield { file: name, line, bytes, whole };
        }
      }
    }
  }
}

/** Nothing stands around the record: editors put a carriage return before each line break. */
const isBare = (line: Buffer): boolean => line[0] === 0x7b && line.at(-1) === 0x7d;

const breakAt = ({ file, line }: Place, seq: number | null, damage: Damage, detail: string): Break => ({
  file,
  line,
  seq,
  damage,
  detail,
});

async function comesLater(seq: number, rest: AsyncIterator<Placed>): Promise<boolean> {
  for (let count = 0; count < MOST_LOOKED_AT; count += 1) {
    const { value, done } = await rest.next();
    if (done === true) return false;
    if (readRecord(value.bytes)?.seq === seq) return true;
  }
  return false;
}

/** The chain begins with a record that it cannot begin with. */
function openingOf(first: Known): Break {
  const { seq, prev } = first;
  if (seq === 1) return breakAt(first, seq, 'changed', 'the first record of a chain has another prev');
  if (prev === CHAIN_START) return breakAt(first, seq, 'changed', 'a chain begins with record 1');
  const detail = 'the chain begins with it, and no retention record names what was before';
  return breakAt(first, seq, 'removed', detail);
}

/** The next record was put behind this one. */
async function isFollowed(at: Placed, rest: AsyncIterator<Placed>): Promise<boolean> {
  const { value, done } = await rest.next();
  return done !== true && readRecord(value.bytes)?.prev === hashOf(at.bytes);
}

/** A place in a chain up to which retention has removed it. */
const removalKey = (instance: string, seq: number, hash: string): string => `${instance} ${seq} ${hash}`;
