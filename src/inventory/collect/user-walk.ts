import { eachPage, readPages } from '../../bitbucket/pages.ts';
import type { RefusedError } from '../../bitbucket/refused-error.ts';
import { IdSet } from '../id-set.ts';
import type { Entry } from '../ledger/ledger.ts';
import { isNotPermitted } from './permission.ts';
import type { UsersList } from './plan.ts';
import { idOf } from './raw-id.ts';
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
  /** The lists that could be read. */
  readonly #read: UsersList[] = [];

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** How many users were new to the run. */
  get count(): number {
    return this.#count;
  }

  /** The first list that could be read. */
  get from(): UsersList | null {
    return this.#read[0] ?? null;
  }

  readonly task = async (signal: AbortSignal): Promise<void> => {
    const { usersLists } = this.#options.plan;
    for (const list of usersLists) {
      const refusal = await this.#refusalOf(list, signal);
      if (refusal === null) this.#read.push(list);
      else if (this.#read.length > 0) this.#skip(list, refusal);
      else if (list === usersLists.at(-1)) throw refusal;
    }
  };

  /** The same lists once more, for whom they did not show because they changed while they were read. */
  readonly again = async (signal: AbortSignal): Promise<void> => {
    for (const list of this.#read) {
      const refusal = await this.#refusalOf(list, signal);
      if (refusal !== null) throw refusal;
    }
  };

  /** Reads a list. @returns what it is refused with as a whole; `null`: it was read */
  async #refusalOf(list: UsersList, signal: AbortSignal): Promise<RefusedError | null> {
    const { calls } = this.#options;
    let pages = 0;
    try {
      await eachPage(
        readPages((url) => calls.get(url, signal), list, LIMIT),
        (page) => {
          pages += 1;
          this.#keep(page);
        },
      );
      return null;
    } catch (error) {
      if (pages > 0 || !isNotPermitted(error)) throw error;
      return error;
    }
  }

  /** Whom only this list has is not known then, and nobody is taken for gone. */
  #skip(list: UsersList, { status }: RefusedError): void {
    const reason = status === 404 ? 'not-found' : 'not-permitted';
    this.#options.skips.add({ type: 'users-list', reason, what: `the list ${list}` });
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
