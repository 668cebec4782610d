import type { AnswerHead } from '../call.ts';
import { encodeAck } from './frames.ts';

/**
 * The server closes the socket with 1009 over 22,020,096 bytes of encoded frame, losing every call on it
 * (snyk-broker 5.22.14, `maxLength`): stay under it.
 */
export const MAX_FRAME_BYTES = 22_000_000;
/** What one answer over the socket may weigh before it is encoded. */
export const MAX_BODY_BYTES = 20 * 1024 * 1024;

const HEADER_NAME = /^[!#%&'*+\-.^_`|~0-9A-Za-z][!#$%&'*+\-.^_`|~0-9A-Za-z]*$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const MEDIA_TYPE = /^[\t ]*[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+/;
const PARAMETERS =
  /^[\t ]*(?:; *[!#$%&'*+.^_`|~0-9A-Za-z-]+ *= *(?:"(?:[ !#-[\]-~\x80-\xff]|\\[ -\xff])*"|[!#$%&'*+.^_`|~0-9A-Za-z-]+) *)*$/;

/** Counts what had to be left out of answers. */
export interface Dropped {
  note(kind: string): void;
}

/**
 * A head that the broker server survives: an integer status that ends a response, header names that are tokens
 * and values it can write. A value above U+00FF ends its whole process, an answer without a status leaves the
 * caller waiting for ever (snyk-broker 5.22.14, tried), so this is checked here, at the one place both answer
 * paths go through; what does not pass is dropped and counted.
 */
export function legalHead(head: AnswerHead, dropped: Dropped): AnswerHead {
  const headers: Record<string, string> = {};
  for (const name in head.headers) {
    const value: unknown = head.headers[name];
    if (typeof value === 'string' && HEADER_NAME.test(name) && HEADER_VALUE.test(value))
      headers[name] = value;
    else dropped.note('illegal response header');
  }
  if (!Number.isInteger(head.status) || head.status < 200 || head.status > 599) {
    dropped.note('illegal response status');
    return { status: 502, headers, errorType: 'DOWNSTREAM_ERROR' };
  }
  return head.errorType === undefined
    ? { status: head.status, headers }
    : { status: head.status, headers, errorType: head.errorType };
}

/**
 * An acknowledged answer with a content type that does not parse (`application/json;` does not) leaves the caller
 * waiting for ever: the server fails on it after it took the acknowledgement (snyk-broker 5.22.14, tried).
 * What does not parse is cut down to its media type.
 */
function legalContentType(type: string, dropped: Dropped): string {
  const media = MEDIA_TYPE.exec(type)?.[0];
  if (type === '' || (media !== undefined && PARAMETERS.test(type.slice(media.length)))) return type;
  dropped.note('illegal content type');
  return media ?? 'application/octet-stream';
}

/** The acknowledgement that answers a request over the socket, or `null` when it is over the frame limit. */
export function encodeAnswer(id: number, head: AnswerHead, body: string, dropped: Dropped): string | null {
  const legal = legalHead(head, dropped);
  const type = legal.headers['content-type'];
  const headers =
    type === undefined
      ? legal.headers
      : { ...legal.headers, 'content-type': legalContentType(type, dropped) };
  const frame = encodeAck(id, { ...legal, headers, body });
  const fits = frame.length * 3 <= MAX_FRAME_BYTES || Buffer.byteLength(frame) <= MAX_FRAME_BYTES;
  return fits ? frame : null;
}

/** What a streamed answer starts with: 4 bytes little-endian length, then the head as JSON. */
export function encodeStreamHead(head: AnswerHead, dropped: Dropped): Buffer {
  const json = Buffer.from(JSON.stringify(legalHead(head, dropped)), 'utf8');
  const prefix = Buffer.allocUnsafe(4);
  prefix.writeUInt32LE(json.length);
  return Buffer.concat([prefix, json]);
}
