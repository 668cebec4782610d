/**
 * The three layers of the wire, as text: engine.io 4 packets, Primus control words, primus-emitter events.
 * Facts: read off snyk-broker 5.22.14 (Primus 6 with the engine.io transformer, EJSON and primus-emitter).
 */

/** One text message from the server, understood. */
export type Frame =
  | { readonly kind: 'open' }
  | { readonly kind: 'ping'; readonly payload: string }
  | { readonly kind: 'close' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'server-close' }
  | { readonly kind: 'noise' }
  | {
      readonly kind: 'event';
      readonly name: string;
      readonly args: readonly unknown[];
      readonly id: number | null;
    }
  | { readonly kind: 'ack'; readonly id: number; readonly args: readonly unknown[] }
  | { readonly kind: 'malformed'; readonly reason: string };

const EVENT = 0;
const ACK = 1;
const NOISE: Frame = { kind: 'noise' };

/** Reads one engine.io text packet. Never throws: what cannot be read is `malformed`, with a constant reason. */
export function parseFrame(text: string): Frame {
  switch (text[0]) {
    case '0':
      return { kind: 'open' };
    case '1':
      return { kind: 'close' };
    case '2':
      return { kind: 'ping', payload: text.slice(1) };
    case '4':
      return parseMessage(text.slice(1));
    case '3':
    case '6':
      return NOISE;
    default:
      return { kind: 'malformed', reason: 'unknown engine.io packet' };
  }
}

function parseMessage(json: string): Frame {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { kind: 'malformed', reason: 'message is not JSON' };
  }
  if (typeof value === 'string') return parseControlWord(value);
  if (typeof value !== 'object' || value === null || !('type' in value) || !('data' in value)) {
    return { kind: 'malformed', reason: 'message is not an event' };
  }
  const id = 'id' in value && Number.isSafeInteger(value.id) ? (value.id as number) : null;
  const { type, data } = value;
  if (!Array.isArray(data)) return { kind: 'malformed', reason: 'event without arguments' };
  if (type === ACK) {
    return id === null
      ? { kind: 'malformed', reason: 'acknowledgement without id' }
      : { kind: 'ack', id, args: data };
  }
  const [name, ...args] = data as unknown[];
  if (type !== EVENT || typeof name !== 'string') return { kind: 'malformed', reason: 'event without name' };
  return { kind: 'event', name, args, id };
}

function parseControlWord(word: string): Frame {
  if (word.startsWith('primus::pong::')) return { kind: 'pong' };
  if (word === 'primus::server::close') return { kind: 'server-close' };
  return word.startsWith('primus::') ? NOISE : { kind: 'malformed', reason: 'text where an event belongs' };
}

/** The answer to an engine.io ping: the same payload back. */
export const encodePong = (payload: string): string => `3${payload}`;

/** A Primus ping. The server counts these: they keep the connection registered. */
export const encodePing = (now: number): string => `4"primus::ping::${now}"`;

/** An event without an answer, or with one when `id` is given. */
export function encodeEvent(name: string, argument: unknown, id?: number): string {
  return `4${JSON.stringify(id === undefined ? { type: EVENT, data: [name, argument] } : { type: EVENT, data: [name, argument], id })}`;
}

/** The one answer to an event that carried an id. */
export const encodeAck = (id: number, answer: unknown): string =>
  `4${JSON.stringify({ type: ACK, id, data: [answer] })}`;

/**
 * The bytes of a body on the wire: text, EJSON's `{"$binary": base64}`, or nothing.
 * Older servers send a parsed JSON body; it is written out again. `undefined`: in no known form.
 */
export function parseBody(value: unknown): Buffer | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string') return Buffer.from(value, 'utf8');
  if (typeof value !== 'object') return undefined;
  if ('$binary' in value) {
    if (typeof value.$binary !== 'string') return undefined;
    const bytes = Buffer.from(value.$binary, 'base64');
    return bytes.length === 0 ? null : bytes;
  }
  return Object.keys(value).length === 0 ? null : writeOut(value);
}

/** What is nested too deep to be written out again is in no known form. */
function writeOut(value: object): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(value), 'utf8');
  } catch {
    return undefined;
  }
}

/** A body to be sent that arrives byte for byte. */
export const encodeBody = (body: Buffer): { $binary: string } => ({ $binary: body.toString('base64') });
