import type { Place } from './ledger/ledger.ts';

export interface MarksOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** What comes within so many milliseconds of the first mark is read together. */
  readonly gatherMs?: number;
  /** Two runs of marked repositories begin at least so many milliseconds apart. */
  readonly everyMs?: number;
}

const GATHER_MS = 5_000;
const EVERY_MS = 60_000;
/** After a run that did not come to its end. */
const AGAIN_MS = 5 * 60_000;
/** More are left to the next enrichment, which reads every repository. */
const MOST_MARKS = 1_000;

/**
 * The repositories that Bitbucket has said to have changed, until they are read. Kept in memory only and bounded: a mark
 * that is lost costs time and no truth, since the next enrichment reads its repository anyway.
 */
export class Marks {
  readonly #now: () => number;
  readonly #gatherMs: number;
  readonly #everyMs: number;
  /** By Bitbucket's id, the newest place of each. */
  readonly #places = new Map<number, Place>();
  #from = 0;
  #until = 0;
  #closed = false;
  #changed = new AbortController();

  constructor({ now, gatherMs = GATHER_MS, everyMs = EVERY_MS }: MarksOptions) {
    this.#now = now;
    this.#gatherMs = gatherMs;
    this.#everyMs = everyMs;
  }

  get size(): number {
    return this.#places.size;
  }

  /** @returns false when it was not taken: too many wait, or nothing is read any more */
  add(place: Place): boolean {
    const { sourceId } = place;
    const full = this.#places.size >= MOST_MARKS && !this.#places.has(sourceId);
    if (this.#closed || full) return false;
    const first = this.#places.size === 0;
    this.#places.set(sourceId, place);
    if (first) this.#wait(this.#gatherMs);
    return true;
  }

  /** When they are to be read, epoch milliseconds; `null`: there are none. */
  dueAt(): number | null {
    if (this.#places.size === 0) return null;
    // A clock that was set back must not keep them waiting.
    return this.#now() < this.#from ? 0 : this.#until;
  }

  /** Aborted when `dueAt` has changed. */
  get changed(): AbortSignal {
    return this.#changed.signal;
  }

  /** All that wait, oldest first. They are not marked any more. */
  take(): readonly Place[] {
    const taken = [...this.#places.values()];
    this.#places.clear();
    this.#wait(this.#everyMs);
    return taken;
  }

  /** These were not read after all; marks that came since then are newer. `failed`: what stood in the way may last. */
  putBack(places: readonly Place[], why: 'failed' | 'later'): void {
    if (this.#closed) return;
    const newer = [...this.#places.values()];
    this.#places.clear();
    for (const place of [...places, ...newer].slice(0, MOST_MARKS)) this.#places.set(place.sourceId, place);
    if (why === 'failed') this.#wait(AGAIN_MS);
  }

  /** There is no use for marks: those that wait are forgotten, further ones not taken. */
  close(): void {
    this.#closed = true;
    this.#places.clear();
  }

  /** Not before so many milliseconds from now, nor before what was said earlier. */
  #wait(ms: number): void {
    const now = this.#now();
    const until = now < this.#from ? 0 : this.#until;
    this.#from = now;
    this.#until = Math.max(until, now + ms);
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}
