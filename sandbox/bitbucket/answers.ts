import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** An answer before it is put on the wire. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** `chunked` for most JSON, as recorded; `length` for the small and the raw ones. */
  readonly framing: 'chunked' | 'length';
}

/** Content type of every JSON answer of a real server. */
export const JSON_TYPE = 'application/json;charset=UTF-8';

/** Bodies from here on are compressed for who accepts gzip; the size is Tomcat's default. */
const GZIP_FROM = 2048;

const NONE = Buffer.alloc(0);

/** A JSON answer. */
export function json(status: number, value: unknown, framing: Answer['framing'] = 'chunked'): Answer {
  return {
    status,
    headers: { 'Content-Type': JSON_TYPE },
    body: Buffer.from(JSON.stringify(value)),
    framing,
  };
}

/** An answer that is not JSON. */
export function text(status: number, contentType: string, body: string | Buffer): Answer {
  return { status, headers: { 'Content-Type': contentType }, body: Buffer.from(body), framing: 'length' };
}

/** An answer without a body: 204, 302, 406. */
export function bare(status: number, headers: Record<string, string> = {}): Answer {
  return { status, headers, body: NONE, framing: 'length' };
}

/** Whether the client accepts gzip by its Accept-Encoding. */
function acceptsGzip(request: IncomingMessage): boolean {
  const accepted = request.headers['accept-encoding'];
  if (accepted === undefined) return false;
  return accepted.split(',').some((part) => {
    const [coding, ...weights] = part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    return (coding === 'gzip' || coding === '*') && !weights.some((weight) => /^q=0(\.0*)?$/.test(weight));
  });
}

const compressed = new WeakMap<Answer, Buffer>();

/** The answer's body in gzip; made once an answer. */
export function gzipped(answer: Answer): Buffer {
  const known = compressed.get(answer);
  if (known) return known;
  const made = gzipSync(answer.body);
  compressed.set(answer, made);
  return made;
}

/** Puts an answer on the wire as a healthy server does; one that names its Content-Encoding is left as it is. `extra` are the headers that differ from call to call. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  extra: Record<string, string>,
): void {
  const headers: Record<string, string> = { ...extra, ...answer.headers };
  const bodiless = answer.status === 204 || answer.status === 304;
  const isJson = answer.headers['Content-Type'] === JSON_TYPE;
  const coded = 'Content-Encoding' in answer.headers;
  const gzip = isJson && !coded && answer.body.length >= GZIP_FROM && acceptsGzip(request);
  const body = gzip ? gzipped(answer) : answer.body;
  if (isJson) headers.Vary = 'X-AUSERNAME,Accept-Encoding';
  if (gzip) headers['Content-Encoding'] = 'gzip';
  else if (answer.framing === 'length' && !bodiless) headers['Content-Length'] = String(body.length);
  response.writeHead(answer.status, headers);
  response.end(bodiless ? undefined : body);
}
