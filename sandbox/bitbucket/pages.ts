import type { Rows } from './world.ts';

/** Where a list endpoint departs from the plain page. */
export interface PageManner {
  /** The largest `limit` the server honours; more is lowered without a word. */
  readonly cap: number;
  /** `null`: the last page says `"nextPageStart": null`; otherwise the key is absent there. */
  readonly last?: 'absent' | 'null';
  /**
   * `filled`: rows that are not shown are skipped until the page is full, so nextPageStart runs ahead.
   * `cut`: the page ends after `limit` rows whether shown or not, so it may be short, even empty, and not the last.
   */
  readonly skipping?: 'filled' | 'cut';
}

/** The envelope of every list. */
export interface Page {
  readonly size: number;
  readonly limit: number;
  readonly isLastPage: boolean;
  readonly values: readonly unknown[];
  readonly start: number;
  readonly nextPageStart?: number | null;
}

/** The default of `limit`. */
export const DEFAULT_LIMIT = 25;

function whole(given: string | null, fallback: number): number {
  return given !== null && /^\d{1,9}$/.test(given) ? Number(given) : fallback;
}

/** What a list is made of: the raw rows, which of them the caller sees, and how one is written. */
export interface Listing<T> {
  readonly rows: Rows<T>;
  readonly shown: (row: T) => boolean;
  readonly write: (row: T) => unknown;
}

/** The row of the next one shown, or `rows.length`. */
function nextShown<T>({ rows, shown }: Listing<T>, from: number, until: number): number {
  for (let row = from; row < until; row += 1) if (shown(rows.at(row))) return row;
  return until;
}

/** One page. `start` counts raw rows, shown or not, so nextPageStart need not be start + size nor start + limit. */
export function page<T>(query: URLSearchParams, listing: Listing<T>, manner: PageManner): Page {
  const { rows } = listing;
  const start = whole(query.get('start'), 0);
  const limit = Math.max(1, Math.min(whole(query.get('limit'), DEFAULT_LIMIT), manner.cap));
  const cut = manner.skipping === 'cut';
  const until = cut ? Math.min(rows.length, start + limit) : rows.length;
  const values: unknown[] = [];
  let row = nextShown(listing, start, until);
  while (row < until && values.length < limit) {
    values.push(listing.write(rows.at(row)));
    row = nextShown(listing, row + 1, until);
  }
  const next = cut ? until : row;
  const isLastPage = next >= rows.length;
  const head = { size: values.length, limit, isLastPage, values, start };
  if (!isLastPage) return { ...head, nextPageStart: next };
  return manner.last === 'null' ? { ...head, nextPageStart: null } : head;
}
