import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { endAll, expectSoon } from '../kit/way-out.ts';
import { lines, OK, plain, rawRequest, sendRaw, startDesk, startRaw, TOKEN } from './relay-desk.ts';

afterEach(endAll);

describe('what goes on to Bitbucket', () => {
  it.each([
    '/users',
    '/users/%C3%BC/%7Ejane',
    '/users/a%20b',
    "/users/a'b(c)*d,e=f&g$h:i",
    '/users/a|b[c]',
    '/users/...',
    '/users/%41/',
    '/users?',
    '/users?x&&y=&=z?w',
    '/users?a=b//c/../d&e=%2F..%2F&f=%zz&g=%',
    '/users?u=https://x//..',
    '/users?q="<>^`{}|',
    '/RELAY/relay/users',
  ])('is the very target %s', async (target) => {
    const { bitbucket, desk } = await plain();
    const answer = await sendRaw(desk.port, rawRequest(`/relay${target}`));
    expect(answer).toMatchObject({ status: 200, body: 'ok' });
    expect(lines(bitbucket.received[0])[0]).toBe(`GET ${target} HTTP/1.1`);
  });

  it('is the prepared head, to the last header', async () => {
    const { bitbucket, desk } = await plain();
    const headers = [
      'Accept: application/json',
      'X-Named: dropped',
      'Connection: x-named',
      'Keep-Alive: timeout=60',
      'Proxy-Authorization: Basic c3RvbGVu',
      'X-Forwarded-For: 192.0.2.1',
      'X-Forwarded-Proto: https',
      'Forwarded: for=192.0.2.1',
      'Cookie: a=b',
      'X-HTTP-Method-Override: DELETE',
      'TE: trailers',
      'Snyk-Acting-Org-Public-Id: x',
      'Snyk-Request-Id: r-1',
    ];
    await sendRaw(desk.port, rawRequest('/relay/users', { headers }));
    expect(lines(bitbucket.received[0])).toEqual([
      'GET /users HTTP/1.1',
      'accept: application/json',
      'snyk-request-id: r-1',
      'authorization: Bearer own-login',
      `host: ${new URL(bitbucket.origin).host}`,
      'Connection: keep-alive',
    ]);
    expect(bitbucket.received.join()).not.toContain(TOKEN);
  });

  it('is the same where the caller waits for 100 Continue', async () => {
    const { bitbucket, desk } = await plain();
    const headers = ['Expect: 100-continue', 'X-Forwarded-For: 192.0.2.1'];
    const answer = await sendRaw(desk.port, rawRequest('/relay/users', { headers }));
    expect(answer.status).toBe(100);
    expect(answer.body).toContain('HTTP/1.1 200 OK');
    expect(bitbucket.received.join()).not.toMatch(/expect|forwarded/i);
    expect(bitbucket.received.join()).not.toContain(TOKEN);
  });

  it.each([
    ['with a length', ['Content-Length: 11'], '{"a": "\u00fc\xff"}'],
    ['in chunks', ['Transfer-Encoding: chunked'], '6\r\n{"a": \r\n5\r\n"\u00fc\xff"}\r\n0\r\n\r\n'],
  ])('is the body byte for byte, sent %s', async (_how, headers, body) => {
    const bitbucket = await startRaw((socket, text) => {
      if (text.endsWith('"}')) socket.write(OK);
    });
    const desk = await startDesk({ origin: bitbucket.origin });
    const how = { method: 'POST', headers: [...headers, 'Content-Encoding: gzip'], body };
    expect((await sendRaw(desk.port, rawRequest('/relay/users', how))).status).toBe(200);
    const [head, sent] = bitbucket.received[0]?.split('\r\n\r\n') ?? [];
    expect(sent).toBe('{"a": "\u00fc\xff"}');
    expect(lines(head)).toEqual(expect.arrayContaining(['content-length: 11', 'content-encoding: gzip']));
    expect(head).not.toMatch(/transfer-encoding/i);
  });

  it('is never a body in a coding of the way other than chunks, which would arrive without its name', async () => {
    const { bitbucket, desk } = await plain();
    const how = {
      method: 'POST',
      headers: ['Transfer-Encoding: gzip, chunked'],
      body: '1\r\nx\r\n0\r\n\r\n',
    };
    expect((await sendRaw(desk.port, rawRequest('/relay/users', how))).status).toBe(400);
    expect(bitbucket.received).toEqual([]);
  });

  it('is nothing of a body that breaks off, which is recorded', async () => {
    const { bitbucket, desk } = await plain();
    const caller = connect(desk.port, '127.0.0.1').on('error', () => {});
    caller.end(rawRequest('/relay/users', { method: 'POST', headers: ['Content-Length: 9'], body: 'half' }));
    await expectSoon(() => desk.records.length === 1);
    expect(desk.records).toMatchObject([{ allowed: false, reason: 'BAD_REQUEST', status: 0 }]);
    expect(bitbucket.received).toEqual([]);
  });

  it('is no body with GET, which a server might take for the next request', async () => {
    const { bitbucket, desk } = await plain();
    const body = 'DELETE /all HTTP/1.1\r\n\r\n';
    const headers = [`Content-Length: ${body.length}`];
    expect((await sendRaw(desk.port, rawRequest('/relay/users', { headers, body }))).status).toBe(200);
    expect(bitbucket.received.join()).not.toMatch(/DELETE|content-length/i);
  });

  it('uses one connection for calls one after another', async () => {
    const { bitbucket, desk } = await plain();
    for (let count = 0; count < 5; count += 1) await sendRaw(desk.port, rawRequest('/relay/users'));
    expect(bitbucket.sockets).toHaveLength(1);
  });
});
