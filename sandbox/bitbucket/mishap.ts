import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type Answer, bare, JSON_TYPE, json, send, text } from './answers.ts';
import { errorsBody } from './errors.ts';
import type { Fault } from './faults.ts';
import { streamBlocks } from './stream.ts';

/** One call that a fault meets. */
export interface Stage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Headers of a healthy answer that differ from call to call. */
  readonly extra: Record<string, string>;
  /** The answer the healthy server would give. */
  readonly truth: () => Answer;
}

const LOGIN_PAGE = `<!DOCTYPE html>
<html><head><title>Sign in</title></head>
<body><form method="post" action="/sso"><input name="user"><input name="pass" type="password"></form></body></html>`;

/** Writes the head, with a declared length or chunked, then at least one byte of the body; ends nothing. */
function part(
  { response, extra }: Stage,
  truth: Answer,
  after: number,
  length: number | null,
  then?: () => void,
): void {
  const declared = length === null ? {} : { 'Content-Length': String(length) };
  response.writeHead(truth.status, { ...extra, ...truth.headers, ...declared });
  response.write(truth.body.subarray(0, Math.max(1, after)), then);
}

function cut(stage: Stage, fault: Extract<Fault, { kind: 'cut' }>): void {
  const truth = stage.truth();
  const length = fault.framing === 'length' ? truth.body.length : null;
  part(stage, truth, fault.after ?? truth.body.length >> 1, length, () => stage.response.destroy());
}

function wrongLength(stage: Stage, by: number): void {
  const truth = stage.truth();
  const declared = Math.max(0, truth.body.length + by);
  part(stage, truth, truth.body.length, declared);
  if (by < 0) stage.response.end();
}

/** The answer with its body in another coding, whatever the client said it accepts. */
function recoded({ request, response, extra, truth }: Stage, code: (body: Buffer) => Buffer): void {
  const answer = truth();
  const headers = { ...answer.headers, 'Content-Encoding': 'gzip' };
  send(request, response, { ...answer, headers, body: code(answer.body) }, extra);
}

function garbled(body: Buffer): Buffer {
  const whole = gzipSync(body);
  return Buffer.concat([whole.subarray(0, 10), Buffer.alloc(Math.max(32, whole.length - 10), 0xff)]);
}

function drip(stage: Stage, bytes: number, everyMs: number): void {
  const { response, extra } = stage;
  const truth = stage.truth();
  response.writeHead(truth.status, { ...extra, ...truth.headers });
  let at = 0;
  const timer = setInterval(() => {
    response.write(truth.body.subarray(at, at + bytes));
    at += bytes;
    if (at < truth.body.length) return;
    clearInterval(timer);
    response.end();
  }, everyMs);
  response.once('close', () => clearInterval(timer));
}

function late({ request, response, extra, truth }: Stage, ms: number): void {
  const timer = setTimeout(() => send(request, response, truth(), extra), ms);
  response.once('close', () => clearTimeout(timer));
}

function stream({ response, extra }: Stage, fault: Extract<Fault, { kind: 'stream' }>): void {
  response.writeHead(200, {
    ...extra,
    'Content-Type': fault.contentType ?? 'application/octet-stream',
    ...(fault.framing === 'length' ? { 'Content-Length': String(fault.bytes) } : {}),
  });
  pipeline(Readable.from(streamBlocks(fault.bytes), { objectMode: false }), response, () =>
    response.destroy(),
  );
}

function other(fault: Extract<Fault, { kind: 'status' }>): Answer {
  const { status, body, headers = {} } = fault;
  const answer =
    body === undefined
      ? json(status, errorsBody(`Made to answer ${status}`, null), 'length')
      : { ...text(status, JSON_TYPE, body) };
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** A whole answer that is a wrong one; `null` for the faults of the wire. */
function wrongAnswer(fault: Fault): Answer | null {
  if (fault.kind === 'status') return other(fault);
  if (fault.kind === 'login-page') return text(200, 'text/html;charset=UTF-8', LOGIN_PAGE);
  if (fault.kind === 'redirect') return bare(fault.status, { Location: fault.location });
  if (fault.kind === 'not-utf8')
    return text(200, JSON_TYPE, Buffer.from('{"name":"M\xfcller \xff\xfe"}', 'latin1'));
  return null;
}

/** Plays a fault on one call. */
export function play(fault: Fault, stage: Stage): void {
  const wrong = wrongAnswer(fault);
  if (wrong) {
    send(stage.request, stage.response, wrong, fault.kind === 'not-utf8' ? stage.extra : {});
    return;
  }
  if (fault.kind === 'refuse') stage.request.socket.destroy();
  else if (fault.kind === 'hang-mid-body') {
    const truth = stage.truth();
    part(stage, truth, fault.after ?? truth.body.length >> 1, null);
  } else if (fault.kind === 'cut') cut(stage, fault);
  else if (fault.kind === 'wrong-length') wrongLength(stage, fault.by);
  else if (fault.kind === 'broken-gzip') recoded(stage, garbled);
  else if (fault.kind === 'forced-gzip') recoded(stage, (body) => gzipSync(body));
  else if (fault.kind === 'drip') drip(stage, fault.bytes, fault.everyMs);
  else if (fault.kind === 'late') late(stage, fault.ms);
  else if (fault.kind === 'stream') stream(stage, fault);
}
