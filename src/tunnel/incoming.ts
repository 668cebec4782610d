import { randomUUID } from 'node:crypto';
import type { Call } from '../call.ts';
import { parseBody } from './frames.ts';

const LONGEST_REQUEST_ID = 200;

/** A relayed request as the server sent it: the call, and where its answer is wanted. */
export type Incoming =
  | { readonly ok: true; readonly call: Call; readonly streamingId: string | null }
  | {
      readonly ok: false;
      readonly kind: string;
      /** As far as it can be read. */
      readonly call: Call;
      readonly streamingId: string | null;
    };

/** Reads the argument of a `request` event. Never throws; `kind` is one of a fixed set of texts. */
export function readIncoming(argument: unknown): Incoming {
  const message = isRecord(argument) ? argument : {};
  const sent = isRecord(message.headers) ? message.headers : {};
  const streamingId = text(message.streamingID);
  const requestId = label(message.requestId) ?? label(sent['snyk-request-id']) ?? randomUUID();
  const url = text(message.url);
  const method = message.method === undefined ? 'GET' : text(message.method);
  const bad = (kind: string): Incoming => {
    const call = { requestId, method: method ?? '', url: url ?? '', headers: {}, body: null };
    return { ok: false, kind, call, streamingId };
  };
  if (url === null) return bad('request without url');
  if (method === null || !/^[A-Za-z]{1,20}$/.test(method)) return bad('request without a legal method');
  const body = parseBody(message.body);
  if (body === undefined) return bad('request body in no known form');
  const call = { requestId, method: method.toUpperCase(), url, headers: flatHeaders(sent), body };
  return { ok: true, call, streamingId };
}

/** Names in lower case; a value that is a list becomes one line, anything but text and numbers is left out. */
function flatHeaders(sent: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in sent) {
    const value = sent[name];
    if (typeof value === 'string') headers[name.toLowerCase()] = value;
    else if (typeof value === 'number') headers[name.toLowerCase()] = String(value);
    else if (isTextList(value)) headers[name.toLowerCase()] = value.join(', ');
  }
  return headers;
}

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A request id is copied into headers and log lines: it may not be any length. */
const label = (value: unknown): string | null => {
  const given = text(value);
  return given !== null && given.length <= LONGEST_REQUEST_ID ? given : null;
};

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
