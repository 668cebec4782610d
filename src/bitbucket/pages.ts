import { createHash } from 'node:crypto';
import { AgentError } from '../errors.ts';
import type { JsonReply } from './read-json.ts';
import { RefusedError, shortened } from './refused-error.ts';
import { valueDigest } from './value-digest.ts';

/** Rows that the user may not see can make pages empty; a list with this many of them in a row has no end. */
const MOST_EMPTY_PAGES = 10_000;

/** Hands each page to `take`, and holds on to none of them, as `for await` does until the next one is there. */
export async function eachPage(
  pages: AsyncGenerator<readonly unknown[], void, undefined>,
  take: (page: readonly unknown[]) => void,
): Promise<void> {
  while (await oneMore(pages, take));
}

async function oneMore(...[pages, take]: Parameters<typeof eachPage>): Promise<boolean> {
  const { done, value } = await pages.next();
  if (done !== true) take(value);
  return done !== true;
}

/** What one page says: its values, and where the next one starts; `null`: it is the last. */
interface Page {
  readonly values: readonly unknown[];
  readonly next: number | null;
}

/**
 * Walks a list of Bitbucket's from its first page to the one that says `isLastPage`, and yields the values page by
 * page. The next page is always the one that `nextPageStart` names: rows the user may not see make it run ahead, and
 * the server may lower `limit`. While the caller works on a page, the one after it is already asked for; that one's
 * failure is told when its turn comes, and never when the caller stops before.
 *
 * @param get `url` as given here, with `limit` and `start` added to its query
 * @throws RefusedError for a reply that is not 2xx
 * @throws AgentError `PAGE_INVALID`, `PAGES_IN_CIRCLES`, and whatever `get` rejects with
 */
export async function* readPages(
  get: (url: string) => Promise<JsonReply>,
  url: string,
  limit: number,
): AsyncGenerator<readonly unknown[], void, undefined> {
  const first = `${url}${url.includes('?') ? '&' : '?'}limit=${limit}`;
  const walk = new Walk();
  let start = 0;
  let asked = first;
  let coming = get(asked);
  for (;;) {
    let page: Page | null = pageIn(await coming, asked, limit);
    walk.check(page, start, asked);
    if (page.next === null) return yield page.values;
    start = page.next;
    asked = `${first}&start=${start}`;
    coming = get(asked);
    coming.catch(() => {});
    yield page.values;
    // It would be held until the next one is there, and there are many walks at a time.
    page = null;
  }
}

function pageIn(reply: JsonReply, url: string, limit: number): Page {
  if (reply.status < 200 || reply.status > 299) throw new RefusedError(url, reply);
  const { values, isLastPage, nextPageStart } = (reply.value ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(values)) throw invalid(url, 'it has no list of values');
  if (values.length > limit)
    throw invalid(url, `it has ${values.length} values, and ${limit} were asked for`);
  if (typeof isLastPage !== 'boolean') throw invalid(url, 'it does not say whether it is the last one');
  if (isLastPage) return { values, next: null };
  if (typeof nextPageStart !== 'number' || !Number.isSafeInteger(nextPageStart))
    throw invalid(url, 'it is not the last one and does not say where the next one starts');
  return { values, next: nextPageStart };
}

/** Sees that a walk gets on. */
class Walk {
  readonly #seen = new Set<string>();
  #empty = 0;

  /** @throws AgentError `PAGES_IN_CIRCLES` */
  check({ values, next }: Page, start: number, url: string): void {
    if (next !== null && next <= start)
      throw inCircles(url, `starts at ${start} and names ${next} as the start of the next one`);
    this.#empty = values.length === 0 ? this.#empty + 1 : 0;
    if (this.#empty > MOST_EMPTY_PAGES) throw inCircles(url, `is the ${this.#empty}th empty one in a row`);
    if (values.length === 0) return;
    const print = fingerprint(values, url);
    if (this.#seen.has(print)) throw inCircles(url, 'repeats an earlier one');
    this.#seen.add(print);
  }
}

/** Two pages with the same ids are the same page, whatever else moves on; without ids, with the same first and last value. */
function fingerprint(values: readonly unknown[], url: string): string {
  const marks = values.map((value, index) => {
    const id = idIn(value);
    if (id !== null || (index > 0 && index < values.length - 1)) return id;
    const digest = valueDigest(value);
    if (digest === null) throw invalid(url, 'its values are nested without end');
    return digest;
  });
  return createHash('sha256').update(JSON.stringify(marks)).digest('base64');
}

function idIn(value: unknown): number | string | null {
  if (typeof value !== 'object' || value === null || !('id' in value)) return null;
  const { id } = value;
  return typeof id === 'number' || typeof id === 'string' ? id : null;
}

const invalid = (url: string, why: string): AgentError =>
  new AgentError(
    'PAGE_INVALID',
    `Bitbucket's answer to GET ${shortened(url)} is no page of a list: ${why}.`,
    {
      hint: 'See what stands between the agent and Bitbucket, and that BITBUCKET_URL leads to Bitbucket Server.',
    },
  );

const inCircles = (url: string, why: string): AgentError =>
  new AgentError(
    'PAGES_IN_CIRCLES',
    `The list does not come to its end: the page GET ${shortened(url)} ${why}.`,
    {
      hint: 'Report it to whoever runs Bitbucket, or the cache before it.',
    },
  );
