import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/config/secret.ts';
import { createApiHost } from '../../src/tunnel/api-host.ts';
import { readBody, startServer } from '../kit/http-server.ts';
import { atTheEnd, codeOf, endAll, failure, network } from '../kit/way-out.ts';

afterEach(endAll);

const TOKEN = 'c0ffee00-1111-4222-8333-944445555666';
const REQUEST = {
  method: 'POST',
  url: '/webhook/bitbucket-server/7?a=%2F..%2f',
  headers: { 'user-agent': 'Bitbucket', 'x-event-key': 'pr:opened', 'accept-encoding': 'gzip' },
  body: Buffer.from([0xff, 0x00, 0xfe]),
  requestId: 'request-1',
};

interface Came {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The API's stand-in, and the way to it. */
async function api(answer: RequestListener, timeoutMs?: number) {
  const came: Came[] = [];
  const server = await startServer(async (request, response) => {
    const { method, url, headers } = request;
    came.push({ method, url, headers, body: await readBody(request) });
    answer(request, response);
  });
  atTheEnd(() => server.close());
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  const apiBaseUrl = `${server.origin}/some/path`;
  const send = createApiHost({ network: network(), apiBaseUrl, token: new Secret(TOKEN), ...limit });
  return { came, send, server };
}

describe('a request straight to the API', () => {
  it('is the same request, with the headers of the official client', async () => {
    const { came, send, server } = await api((_request, response) =>
      response.writeHead(202, { 'content-type': 'text/plain' }).end('taken: ü'),
    );
    expect(await send(REQUEST)).toMatchObject({
      status: 202,
      headers: { 'content-type': 'text/plain' },
      body: 'taken: ü',
    });
    expect(came).toHaveLength(1);
    expect(came[0]).toMatchObject({ method: 'POST', url: REQUEST.url });
    expect([...(came[0]?.body ?? [])]).toEqual([0xff, 0x00, 0xfe]);
    expect(came[0]?.headers).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      'content-length': '3',
      'x-event-key': 'pr:opened',
      'user-agent': 'Snyk Broker Client 5.22.14',
      'x-broker-origin-ua': 'Bitbucket',
      'x-snyk-broker': 'c0ff-...-5666',
      'snyk-request-id': 'request-1',
      'accept-encoding': 'identity',
    });
    expect(JSON.stringify(came[0]?.headers)).not.toContain(TOKEN);
  });

  it('is not sent again, whatever comes of it', async () => {
    const { came, send } = await api((_request, response) => response.destroy());
    expect(codeOf(await failure(send(REQUEST)))).toBe('API_UNREACHABLE');
    expect(came).toHaveLength(1);
  });

  it('is not sent on to where a redirect leads', async () => {
    const { came, send } = await api((_request, response) =>
      response.writeHead(307, { location: '/elsewhere' }).end(),
    );
    expect((await send(REQUEST)).status).toBe(307);
    expect(came).toHaveLength(1);
  });

  it.each([
    ['no answer', (() => {}) as RequestListener],
    ['an answer without end', ((_request, response) => response.write('{')) as RequestListener],
  ])('is given up in time: %s', async (_what, answer) => {
    const { send } = await api(answer, 200);
    const error = await failure(send(REQUEST));
    expect(codeOf(error)).toBe('API_UNREACHABLE');
    expect(String(error)).toContain('nothing within 200 ms');
  });

  it('takes no answer that is too large', async () => {
    const { send } = await api((_request, response) => response.end(Buffer.alloc(1024 * 1024 + 1, 0x20)));
    expect(codeOf(await failure(send(REQUEST)))).toBe('API_UNREACHABLE');
  });

  it('says what to do when nobody is there', async () => {
    const { send, server } = await api(() => {});
    await server.close();
    expect(await failure(send(REQUEST))).toMatchObject({
      code: 'API_UNREACHABLE',
      status: 502,
      message: expect.stringContaining('ECONNREFUSED'),
      hint: expect.stringContaining('API_BASE_URL'),
    });
  });
});
