import { valueDigest } from '../../bitbucket/value-digest.ts';
import { AgentError } from '../../errors.ts';
import { shownText } from '../../shown-text.ts';
import type { EntityType, Skip } from '../entity.ts';
import { objectOf, sourceIdOf } from '../normalise/raw.ts';

/** Lists show the same record more than once; so many skipped ones are told apart. */
const MOST_KNOWN = 10_000;

/** Counts what was read and could not be taken, each record once however many lists have it. */
export class SkipCount {
  readonly #by = new Map<string, number>();
  readonly #known = new Set<string>();
  readonly #ids: Readonly<Record<EntityType, Set<number>>> = { user: new Set(), repository: new Set() };
  /** Types of which one was skipped that may be any. */
  readonly #unnamed = new Set<EntityType>();
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

  /** Which of a type were skipped, and so are not gone: Bitbucket's ids; `all` when an id could not be read. */
  kept(type: EntityType): readonly number[] | 'all' {
    return this.#unnamed.has(type) ? 'all' : [...this.#ids[type]];
  }

  /**
   * @param raw what was skipped, if another list may show it again
   * @throws AgentError `PAGE_INVALID` where it is nested so deeply that it cannot be told from others
   */
  add(skip: Skip, raw?: unknown): void {
    if (raw !== undefined && !this.#isNew(skip, raw)) return;
    const word = `${skip.type}:${skip.reason}`;
    if (skip.type === 'users-list') this.#unnamed.add('user');
    this.#count += 1;
    this.#by.set(word, (this.#by.get(word) ?? 0) + 1);
    this.#told?.({ ...skip, what: shownText(skip.what) });
  }

  #isNew(skip: Skip, raw: unknown): boolean {
    const id = skippedId(raw);
    if (skip.type === 'user' || skip.type === 'repository') {
      if (id === null) this.#unnamed.add(skip.type);
      else this.#ids[skip.type].add(id);
    }
    const which = `${skip.type} ${id ?? signOf(raw)}`;
    if (this.#known.has(which)) return false;
    if (this.#known.size < MOST_KNOWN) this.#known.add(which);
    return true;
  }
}

/** What two lists say alike of a record without a usable id: its slug and project, or its name; else all of it. */
function signOf(raw: unknown): string {
  const { slug, name, project } = objectOf(raw) ?? {};
  const said = slug !== undefined || name !== undefined ? [slug ?? name, objectOf(project)?.key] : raw;
  const digest = valueDigest(said);
  if (digest !== null) return digest;
  throw new AgentError('PAGE_INVALID', "A record in one of Bitbucket's lists is nested without end.");
}

/** Also one that came as a text. */
function skippedId(raw: unknown): number | null {
  const id = objectOf(raw)?.id;
  const read = sourceIdOf(typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : id);
  return typeof read === 'number' ? read : null;
}
