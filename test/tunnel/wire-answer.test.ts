import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AnswerHead } from '../../src/call.ts';
import { encodeAnswer, encodeStreamHead, legalHead, MAX_FRAME_BYTES } from '../../src/tunnel/wire-answer.ts';

/** Heads as a hostile or broken Bitbucket could make them, wrong types included. */
const anyHead = fc.record({
  status: fc.oneof(fc.integer(), fc.double(), fc.constant('200'), fc.constant(undefined)),
  headers: fc.dictionary(
    fc.oneof(fc.string(), fc.constantFrom('content-type', '$binary', 'x y', '')),
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('ok', 'Łódź', 'a\r\nb', '\u0000'),
      fc.integer(),
      fc.constant(null),
    ),
  ),
}) as unknown as fc.Arbitrary<AnswerHead>;

function counter() {
  const kinds: string[] = [];
  return { kinds, note: (kind: string) => void kinds.push(kind) };
}

describe('the one place that writes answers', () => {
  it('only lets heads through that the broker server survives', () => {
    fc.assert(
      fc.property(anyHead, fc.string(), (head, body) => {
        const dropped = counter();
        const frame = encodeAnswer(1, head, body, dropped) as string;
        const message = JSON.parse(frame.slice(1)) as {
          type: number;
          id: number;
          data: [AnswerHead & { body: string }];
        };
        const [answer] = message.data;
        expect(message).toMatchObject({ type: 1, id: 1 });
        expect(Number.isInteger(answer.status) && answer.status >= 200 && answer.status <= 599).toBe(true);
        expect(answer.body).toBe(body);
        for (const [name, value] of Object.entries(answer.headers)) {
          expect(name).toMatch(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/);
          expect(
            [...value].every(
              (char) =>
                char === '\t' ||
                (char >= ' ' && char <= 'ÿ' && char !== '\x7f' && !(char > '~' && char < '\x80')),
            ),
          ).toBe(true);
        }
        expect(
          Object.keys(answer.headers).length + dropped.kinds.filter((kind) => kind.includes('header')).length,
        ).toBe(Object.keys(head.headers).length);
      }),
    );
  });

  it('turns a status that is none into 502', () => {
    const dropped = counter();
    expect(legalHead({ status: 101, headers: {} }, dropped)).toEqual({
      status: 502,
      headers: {},
      errorType: 'DOWNSTREAM_ERROR',
    });
    expect(dropped.kinds).toEqual(['illegal response status']);
  });

  it('gives up a frame over the limit, counted in bytes as they travel', () => {
    const head = { status: 200, headers: {} };
    const room = MAX_FRAME_BYTES - Buffer.byteLength(encodeAnswer(1, head, '', counter()) as string);
    expect(encodeAnswer(1, head, 'a'.repeat(room), counter())).not.toBeNull();
    expect(encodeAnswer(1, head, 'a'.repeat(room + 1), counter())).toBeNull();
    expect(encodeAnswer(1, head, '"'.repeat(room / 2 + 1), counter())).toBeNull();
    expect(encodeAnswer(1, head, 'ü'.repeat(room / 2 + 1), counter())).toBeNull();
  });

  it.each([
    ['application/json;charset=UTF-8', 'application/json;charset=UTF-8'],
    ['text/plain; charset="utf-8"; x=y', 'text/plain; charset="utf-8"; x=y'],
    ['application/json;', 'application/json'],
    ['text/html; charset', 'text/html'],
    ['a, b', 'application/octet-stream'],
    ['json', 'application/octet-stream'],
  ])('cuts the content type %j down to one the server can parse', (given, sent) => {
    const dropped = counter();
    const frame = encodeAnswer(1, { status: 200, headers: { 'content-type': given } }, '', dropped) as string;
    expect((JSON.parse(frame.slice(1)) as { data: [AnswerHead] }).data[0].headers).toEqual({
      'content-type': sent,
    });
    expect(dropped.kinds).toEqual(given === sent ? [] : ['illegal content type']);
  });

  it('prefixes a streamed head with its length', () => {
    const bytes = encodeStreamHead({ status: 200, headers: { etag: 'ü' }, errorType: 'X' }, counter());
    const length = bytes.readUInt32LE(0);
    expect(bytes.length).toBe(4 + length);
    expect(JSON.parse(bytes.subarray(4).toString('utf8'))).toEqual({
      status: 200,
      headers: { etag: 'ü' },
      errorType: 'X',
    });
  });
});
