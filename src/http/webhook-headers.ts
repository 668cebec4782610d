import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { HOP_BY_HOP } from '../hop-by-hop.ts';
import type { OutboundAnswer } from '../tunnel/outbound.ts';

/** Of Snyk's answer, what Bitbucket may see. */
const ANSWER_HEADERS = ['content-type', 'snyk-request-id'];
/** Of Bitbucket's request, what is about the way it took and not about the event. */
const NOT_PASSED = new Set([...HOP_BY_HOP, 'host', 'content-length', 'expect', 'cookie', 'forwarded']);
/** What proxies add, and what only a broker may say to Snyk. */
const NOT_PASSED_FAMILIES = /^(x-forwarded-|x-broker-|x-snyk-|snyk-)/;
/** A request id is copied into log lines and the tunnel: it may not be any length. */
const LONGEST_REQUEST_ID = 200;

/** Bitbucket's own id of the request, or one made here. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && given !== '' && given.length <= LONGEST_REQUEST_ID
    ? given
    : randomUUID();
}

/** The headers that go on, the signature among them. */
export function passedHeaders({ headers }: Pick<IncomingMessage, 'headers'>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === 'string' && !NOT_PASSED.has(entry[0]) && !NOT_PASSED_FAMILIES.test(entry[0]),
    ),
  );
}

/** What Node writes into a header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The headers of Snyk's answer that go back; one that HTTP cannot carry is no reason to say that Snyk did not take it. */
export function answeredHeaders({ headers }: OutboundAnswer): ReadonlyMap<string, string> {
  const passed = new Map<string, string>();
  for (const name of ANSWER_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string' && HEADER_VALUE.test(value)) passed.set(name, value);
  }
  return passed;
}
