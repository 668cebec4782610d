/** What part of a list is asked for. */
export interface PageQuery {
  /** Members at most. */
  readonly limit: number;
  /** The number of the last member the caller has; `null`: from the start. */
  readonly after: number | null;
}

/** A parameter that cannot be used. The text does not repeat its value. */
export interface QueryFlaw {
  readonly parameter: string;
  readonly detail: string;
}

const DEFAULT_LIMIT = 100;
const LARGEST_LIMIT = 1000;
const UNUSABLE_CURSOR = 'is not a cursor of this list: take the one of links.next';

/**
 * Reads `limit` and `starting_after`; parameters of other names, such as `version`, mean nothing here.
 *
 * @param query what stands behind the `?`
 */
export function readPageQuery(list: string, query: string): PageQuery | QueryFlaw {
  const parameters = new URLSearchParams(query);
  for (const parameter of ['limit', 'starting_after']) {
    if (parameters.getAll(parameter).length > 1) return { parameter, detail: 'is there twice' };
  }
  if (parameters.has('ending_before')) {
    return { parameter: 'ending_before', detail: 'is not possible: lists are read forwards' };
  }
  const limit = readLimit(parameters.get('limit'));
  if (limit === null) {
    return { parameter: 'limit', detail: `is not a whole number from 1 to ${LARGEST_LIMIT}` };
  }
  const cursor = parameters.get('starting_after');
  if (cursor === null) return { limit, after: null };
  const after = readCursor(list, cursor);
  return after === null ? { parameter: 'starting_after', detail: UNUSABLE_CURSOR } : { limit, after };
}

/** The call for the next page: the same one, byte for byte, with another cursor. */
export function nextLink(list: string, path: string, query: string, last: number): string {
  const kept = query
    .split('&')
    .filter((part) => part !== '' && !new URLSearchParams(part).has('starting_after'));
  return `${path}?${[...kept, `starting_after=${cursorOf(list, last)}`].join('&')}`;
}

/** Names a place by the number of what stands there, so that what comes and goes elsewhere does not move it. */
const cursorOf = (list: string, number: number): string =>
  Buffer.from(`${list}:${number}`, 'latin1').toString('base64url');

function readCursor(list: string, cursor: string): number | null {
  const [name, digits = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(':');
  const number = Number(digits);
  return name === list && Number.isSafeInteger(number) && cursorOf(list, number) === cursor ? number : null;
}

function readLimit(text: string | null): number | null {
  if (text === null) return DEFAULT_LIMIT;
  const limit = Number(text);
  return /^\d{1,4}$/.test(text) && limit >= 1 && limit <= LARGEST_LIMIT ? limit : null;
}
