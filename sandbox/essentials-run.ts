import { isDeepStrictEqual } from 'node:util';
import type { EssentialsBatch } from './essentials-batch.ts';

type EntityType = 'user' | 'repository';
type Meta = EssentialsBatch['meta'];

export type Attributes = Readonly<Record<string, unknown>>;
export type Held = Readonly<Record<EntityType, ReadonlyMap<string, Attributes>>>;

export const TYPES: readonly EntityType[] = ['user', 'repository'];

/** What one run has sent so far. */
export class EssentialsRun {
  readonly runId: string;
  /** By resources and tombstones. */
  readonly named = { user: new Set<string>(), repository: new Set<string>() };
  /** Resources of a delta that came as they were held already. */
  readonly repeated = { user: new Set<string>(), repository: new Set<string>() };
  readonly #frame: string;
  readonly #before: Readonly<Record<EntityType, ReadonlySet<string>>>;
  #lastSequence = 0;
  #isFinal = false;

  constructor(meta: Meta, held: Held) {
    this.runId = meta.run_id;
    this.#frame = frameOf(meta);
    this.#before = { user: new Set(held.user.keys()), repository: new Set(held.repository.keys()) };
  }

  /** What a batch must not be at this place of the run. */
  flaws(meta: Meta): string[] {
    const { sequence } = meta;
    const flaws: string[] = [];
    if (sequence <= this.#lastSequence) flaws.push(`after sequence ${this.#lastSequence}`);
    if (this.#isFinal) flaws.push('after the final of its run');
    if (frameOf(meta) !== this.#frame) flaws.push(`${frameOf(meta)} in a run of ${this.#frame}`);
    return flaws;
  }

  /** Takes note of a batch, before what it says is done. */
  take({ data, meta }: EssentialsBatch, held: Held): void {
    this.#lastSequence = meta.sequence;
    if (meta.final !== undefined) this.#isFinal = true;
    for (const { type, id, attributes } of data) {
      const before = held[type].get(id);
      const isNew =
        before === undefined || this.named[type].has(id) || !isDeepStrictEqual(before, attributes);
      if (meta.kind === 'delta' && !isNew) this.repeated[type].add(id);
      this.named[type].add(id);
    }
    for (const { type, id } of meta.deleted) this.named[type].add(id);
  }

  /** Whether it named all of the type that was held before it: so does a run that sends everything anew. */
  namedAll(type: EntityType): boolean {
    return [...this.#before[type]].every((id) => this.named[type].has(id));
  }
}

const frameOf = ({ kind, profile, service_type }: Meta): string => `${kind} ${profile} ${service_type}`;
