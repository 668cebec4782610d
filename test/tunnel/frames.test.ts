import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  encodeAck,
  encodeBody,
  encodeEvent,
  encodePing,
  parseBody,
  parseFrame,
} from '../../src/tunnel/frames.ts';

describe('parseFrame', () => {
  it('reads the packets of engine.io', () => {
    expect(parseFrame('0{"sid":"x","pingInterval":25000}')).toEqual({ kind: 'open' });
    expect(parseFrame('2')).toEqual({ kind: 'ping', payload: '' });
    expect(parseFrame('2probe')).toEqual({ kind: 'ping', payload: 'probe' });
    expect(parseFrame('1')).toEqual({ kind: 'close' });
    expect(parseFrame('6')).toEqual({ kind: 'noise' });
  });

  it('reads control words of Primus', () => {
    expect(parseFrame('4"primus::pong::1700000000000"')).toEqual({ kind: 'pong' });
    expect(parseFrame('4"primus::server::close"')).toEqual({ kind: 'server-close' });
    expect(parseFrame('4"primus::id::abc"')).toEqual({ kind: 'noise' });
  });

  it('reads events and acknowledgements', () => {
    expect(parseFrame('4{"type":0,"data":["request",{"url":"/a"}],"id":7}')).toEqual({
      kind: 'event',
      name: 'request',
      args: [{ url: '/a' }],
      id: 7,
    });
    expect(parseFrame('4{"type":0,"data":["notification",{}]}')).toMatchObject({
      name: 'notification',
      id: null,
    });
    expect(parseFrame('4{"type":1,"id":7,"data":[{"status":200}]}')).toEqual({
      kind: 'ack',
      id: 7,
      args: [{ status: 200 }],
    });
  });

  it.each([
    ['', 'unknown engine.io packet'],
    ['9', 'unknown engine.io packet'],
    ['4{', 'message is not JSON'],
    ['4"hello"', 'text where an event belongs'],
    ['4null', 'message is not an event'],
    ['4{"type":0,"data":"request"}', 'event without arguments'],
    ['4{"type":0,"data":[5]}', 'event without name'],
    ['4{"type":9,"data":["x"]}', 'event without name'],
    ['4{"type":1,"data":[]}', 'acknowledgement without id'],
  ])('names what is wrong with %j', (text, reason) => {
    expect(parseFrame(text)).toEqual({ kind: 'malformed', reason });
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.string(), fc.json(), (text, json) => {
        expect(parseFrame(text).kind).toBeDefined();
        expect(parseFrame(`4${json}`).kind).toBeDefined();
      }),
    );
  });

  it('reads what the encoders write', () => {
    expect(parseFrame(encodeEvent('identify', { a: 1 }, 3))).toEqual({
      kind: 'event',
      name: 'identify',
      args: [{ a: 1 }],
      id: 3,
    });
    expect(parseFrame(encodeAck(3, { status: 200 }))).toEqual({
      kind: 'ack',
      id: 3,
      args: [{ status: 200 }],
    });
    expect(encodePing(5)).toBe('4"primus::ping::5"');
  });
});

describe('parseBody', () => {
  it('gives the bytes of every form a body comes in', () => {
    expect(parseBody('grüß')).toEqual(Buffer.from('grüß', 'utf8'));
    expect(parseBody({ $binary: Buffer.from([0, 255, 10]).toString('base64') })).toEqual(
      Buffer.from([0, 255, 10]),
    );
    expect(parseBody({ name: 'x' })).toEqual(Buffer.from('{"name":"x"}'));
  });

  it('knows when there is none', () => {
    for (const nothing of [undefined, null, '', {}, { $binary: '' }]) expect(parseBody(nothing)).toBeNull();
  });

  it('refuses what is no body', () => {
    for (const odd of [5, true, { $binary: 5 }]) expect(parseBody(odd)).toBeUndefined();
  });

  it('brings any bytes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        expect(parseBody(JSON.parse(JSON.stringify(encodeBody(Buffer.from(bytes)))))).toEqual(
          Buffer.from(bytes),
        );
      }),
    );
  });
});
