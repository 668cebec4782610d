import { describe, expect, it } from '@jest/globals';
import type { Call } from '../../src/call.ts';
import { requestHeaders } from '../../src/relay/prepare.ts';
import { replyHead } from '../../src/relay/reply-head.ts';

const callWith = (headers: Record<string, string>): Call => ({
  requestId: 'r',
  method: 'GET',
  url: '/a',
  headers,
  body: null,
});

describe('requestHeaders', () => {
  it('passes on what is about the request', () => {
    const headers = {
      accept: 'application/json',
      'user-agent': 'snyk',
      'snyk-request-id': 'r',
      'x-atlassian-token': 'no-check',
    };
    expect(requestHeaders(callWith(headers), 'bytes')).toEqual(headers);
  });

  it.each([
    'host',
    'content-length',
    'connection',
    'transfer-encoding',
    'te',
    'upgrade',
    'expect',
    'proxy-authorization',
    'authorization',
    'cookie',
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-host',
    'snyk-acting-org-public-id',
    'snyk-flow-name',
    'snyk-product-line',
    'snyk-project-type',
    'snyk-integration-type',
    'x-snyk-broker-context-id',
    'x-broker-ws-response',
    'x-broker-var-sub',
    'x-http-method-override',
  ])('keeps %s to itself', (name) => {
    expect(requestHeaders(callWith({ [name]: 'x', accept: '*/*' }), 'bytes')).toEqual({ accept: '*/*' });
  });

  it('keeps what the Connection header names', () => {
    const headers = { connection: 'keep-alive, X-Hop', 'x-hop': '1', 'x-end': '2' };
    expect(requestHeaders(callWith(headers), 'bytes')).toEqual({ 'x-end': '2' });
  });

  it('sends a header that was checked, even when the Connection header names it', () => {
    const headers = { connection: ' accept', accept: 'application/json', 'accept-encoding': 'br' };
    expect(requestHeaders(callWith(headers), 'text', ['accept', 'accept-encoding'])).toEqual({
      accept: 'application/json',
      'accept-encoding': 'br',
    });
    expect(requestHeaders(callWith(headers), 'bytes')).toEqual({ 'accept-encoding': 'br' });
  });

  it('asks for plain text where the answer travels as text', () => {
    expect(requestHeaders(callWith({ 'accept-encoding': 'gzip, br' }), 'text')).toEqual({
      'accept-encoding': 'identity',
    });
    expect(requestHeaders(callWith({ 'accept-encoding': 'gzip, br' }), 'bytes')).toEqual({
      'accept-encoding': 'gzip, br',
    });
  });
});

describe('replyHead', () => {
  it("passes Bitbucket's headers on, but neither its session nor the connection's", () => {
    const head = replyHead(
      200,
      {
        'content-type': 'application/json',
        'set-cookie': ['BITBUCKETSESSIONID=1'],
        connection: 'keep-alive',
        vary: ['a', 'b'],
      },
      'r-1',
    );
    expect(head).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', vary: 'a, b', 'snyk-request-id': 'r-1' },
    });
  });

  it('leaves out what Bitbucket, or what is in front of it, names as a matter of the connection', () => {
    const connection = 'close, X-Node , content-length';
    const headers = { connection, 'x-node': '10.0.0.7', 'content-length': '2' };
    expect(replyHead(200, headers, 'r-1').headers).toEqual({
      'content-length': '2',
      'snyk-request-id': 'r-1',
    });
  });

  it.each([
    [200, undefined],
    [302, undefined],
    [404, undefined],
    [401, 'DOWNSTREAM_UNAUTHORIZED'],
    [403, 'DOWNSTREAM_FORBIDDEN'],
    [429, 'DOWNSTREAM_RATE_LIMITED'],
    [409, 'DOWNSTREAM_UNEXPECTED'],
    [500, 'DOWNSTREAM_SERVER_ERROR'],
    [503, 'DOWNSTREAM_SERVER_ERROR'],
  ])('labels %d as %s', (status, errorType) => {
    expect(replyHead(status, {}, 'r').errorType).toBe(errorType);
  });
});
