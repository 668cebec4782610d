import { readPages } from '../../bitbucket/pages.ts';
import type { Entry } from '../ledger/ledger.ts';
import { IdSet, idOf } from './id-set.ts';
import { isNotPermitted } from './permission.ts';
import type { UsersList } from './plan.ts';
import type { WalkOptions } from './walk-options.ts';

/** Above half of Bitbucket's own maximum `/users` may drop users without a word (BSERV-11884). */
const LIMIT = 500;

/**
 * Reads `/admin/users`, which tells most of a user, then `/users` for whom it leaves out: service users. Where the
 * first is not permitted, all come from the second.
 */
export class UserWalk {
  readonly #options: WalkOptions;
  readonly #ids = new IdSet();
  #count = 0;
  #from: UsersList | null = null;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** How many users were new to the run. */
  get count(): number {
    return this.#count;
  }

  /** The first list that could be read. */
  get from(): UsersList | null {
    return this.#from;
  }

  readonly task = async (signal: AbortSignal): Promise<void> => {
    const { usersLists } = this.#options.plan;
    for (const list of usersLists) {
      const needed = this.#from === null && list === usersLists.at(-1);
      if (await this.#read(list, needed, signal)) this.#from ??= list;
    }
  };

  /** @returns false when the list is not permitted, which is a failure where it is `needed` */
  async #read(list: UsersList, needed: boolean, signal: AbortSignal): Promise<boolean> {
    const { calls } = this.#options;
    let pages = 0;
    try {
      for await (const page of readPages((url) => calls.get(url, signal), list, LIMIT)) {
        pages += 1;
        this.#keep(page);
      }
      return true;
    } catch (error) {
      if (needed || pages > 0 || !isNotPermitted(error)) throw error;
      return false;
    }
  }

  #keep(page: readonly unknown[]): void {
    const { normaliser, privacy, ledger, skips, progress } = this.#options;
    const entries: Entry[] = [];
    for (const raw of page) {
      const id = idOf(raw);
      if (id !== null && this.#ids.has(id)) continue;
      const taken = normaliser.user(raw);
      if (!taken.ok) {
        skips.add(taken.skip, raw);
        continue;
      }
      const { sourceId, attributes } = taken;
      this.#ids.add(sourceId);
      entries.push({ sourceId, record: JSON.stringify(privacy.user(attributes)) });
    }
    if (entries.length > 0) this.#count += ledger.store('user', entries);
    progress?.({ stage: 'users', done: this.#count, total: null });
  }
}
