import { createHash } from 'node:crypto';
import type { EntityType, Skip } from '../entity.ts';
import { idOf } from './id-set.ts';

/** Lists show the same record more than once; so many skipped ones are told apart. */
const MOST_KNOWN = 10_000;

/** Counts what was read and could not be taken, each record once however many lists have it. */
export class SkipCount {
  readonly #by = new Map<string, number>();
  readonly #known = new Set<string>();
  readonly #ids: Readonly<Record<EntityType, Set<number>>> = { user: new Set(), repository: new Set() };
  readonly #told: ((skip: Skip) => void) | undefined;
  #count = 0;

  /** @param told hears each skip that is counted */
  constructor(told?: (skip: Skip) => void) {
    this.#told = told;
  }

  get count(): number {
    return this.#count;
  }

  /** `repository:no-id` → 2, in the order of the words. */
  get by(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#by].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  /** Bitbucket's ids of what was skipped, where they could be read. */
  ids(type: EntityType): readonly number[] {
    return [...this.#ids[type]];
  }

  /** @param raw what was skipped, if another list may show it again */
  add(skip: Skip, raw?: unknown): void {
    if (raw !== undefined && !this.#isNew(skip, raw)) return;
    const word = `${skip.type}:${skip.reason}`;
    this.#count += 1;
    this.#by.set(word, (this.#by.get(word) ?? 0) + 1);
    this.#told?.(skip);
  }

  #isNew(skip: Skip, raw: unknown): boolean {
    const id = idOf(raw);
    if (id !== null && skip.type !== 'project') this.#ids[skip.type].add(id);
    const which = `${skip.type} ${id ?? signOf(raw)}`;
    if (this.#known.has(which)) return false;
    if (this.#known.size < MOST_KNOWN) this.#known.add(which);
    return true;
  }
}

/** What two lists say alike of a record without a usable id: its slug and project, or its name; else all of it. */
function signOf(raw: unknown): string {
  const { slug, name, project } = (raw ?? {}) as { slug?: unknown; name?: unknown; project?: unknown };
  const said = slug !== undefined || name !== undefined ? [slug ?? name, keyIn(project)] : raw;
  return createHash('sha256').update(JSON.stringify(said)).digest('base64');
}

const keyIn = (project: unknown): unknown =>
  typeof project === 'object' && project !== null && 'key' in project ? project.key : null;
