import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/config/secret.ts';
import { authority, endAll, expectSoon, LOGIN, listen, mute, network, proxy } from '../kit/way-out.ts';
import { LIMITS, rawRequest, sendRaw, startDesk } from './relay-desk.ts';

afterEach(endAll);

const TARGET = '/users/%7Ejane/a|b?q=a//b/../c&r="<>"';
const extraCa = [authority.ca];

interface Seen {
  readonly url: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** Bitbucket, on a port of its own: tells what it saw, and over how many connections. */
async function bitbucket(scheme: 'http' | 'https') {
  const server =
    scheme === 'http' ? createServer() : createTlsServer(authority.issue(['localhost', '127.0.0.1']));
  const ports = new Set<number | undefined>();
  server.on('request', ({ url, headers, socket }, response) => {
    ports.add(socket.remotePort);
    response.end(JSON.stringify({ url, headers } satisfies Seen));
  });
  const port = await listen(server);
  return { origin: `${scheme}://localhost:${port}`, host: `localhost:${port}`, ports };
}

describe.each(['http', 'https'] as const)('the HTTP relay on its way to Bitbucket by %s', (scheme) => {
  const kind = scheme === 'http' ? 'absolute' : 'connect';
  const through = (url: string) => ({ [`${scheme}Proxy`]: new Secret(url), extraCa });

  it('sends the target untouched when direct, over kept connections', async () => {
    const far = await bitbucket(scheme);
    const desk = await startDesk({ origin: far.origin, network: { extraCa } });
    for (let count = 0; count < 3; count += 1) {
      const { status, body } = await sendRaw(desk.port, rawRequest(`/relay${TARGET}`));
      expect(status).toBe(200);
      expect(JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1))).toMatchObject({
        url: TARGET,
        headers: { host: far.host, authorization: 'Bearer own-login' },
      });
    }
    expect(far.ports.size).toBe(1);
  });

  it.each([
    ['', false],
    [' that speaks TLS', true],
  ])('sends it untouched through a proxy with a password%s', async (_which, tls) => {
    const far = await bitbucket(scheme);
    const between = await proxy({
      ...LOGIN,
      ...(tls ? { tls: authority.issue(['localhost', '127.0.0.1']) } : {}),
    });
    const desk = await startDesk({ origin: far.origin, network: through(between.url) });
    for (let count = 0; count < 2; count += 1) {
      const { status, body } = await sendRaw(desk.port, rawRequest(`/relay${TARGET}`));
      expect(status).toBe(200);
      expect(body).toContain(JSON.stringify(TARGET));
      expect(body).not.toContain('proxy-authorization');
    }
    const target = kind === 'absolute' ? far.origin + TARGET : far.host;
    expect(between.requests[0]).toEqual({ kind, target, authorized: true });
    expect(between.requests).toHaveLength(kind === 'absolute' ? 2 : 1);
  });

  it('goes past the proxy where NO_PROXY says so', async () => {
    const far = await bitbucket(scheme);
    const between = await proxy();
    const desk = await startDesk({
      origin: far.origin,
      network: { ...through(between.url), noProxy: ['localhost'] },
    });
    expect((await sendRaw(desk.port, rawRequest('/relay/users'))).status).toBe(200);
    expect(between.requests).toEqual([]);
  });

  it('tells that the proxy refused its login, and passes nothing of its answer on', async () => {
    const far = await bitbucket(scheme);
    const between = await proxy(LOGIN);
    const desk = await startDesk({ origin: far.origin, network: through(between.url.replace('%25@', '@')) });
    const answer = await sendRaw(desk.port, rawRequest('/relay/users'));
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'DOWNSTREAM_ERROR',
      message: 'The proxy refused its login (407).',
    });
    expect(far.ports.size).toBe(0);
  });
});

describe('what is in the way', () => {
  it.each([
    ['a private CA that was not given', {}, ['localhost'], 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['a certificate for another name', { extraCa }, ['elsewhere.example'], 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('is named: %s', async (_what, config, names, cause) => {
    const port = await listen(createTlsServer(authority.issue(names), (_, response) => response.end()));
    const desk = await startDesk({ origin: `https://localhost:${port}`, network: config });
    expect((await sendRaw(desk.port, rawRequest('/relay/users'))).status).toBe(502);
    expect(desk.records).toMatchObject([{ code: 'DOWNSTREAM_ERROR', cause }]);
  });

  it.each([
    'a handshake',
    'a handshake in a tunnel',
    'an answer to CONNECT',
  ])('is %s without an end: 504 in time', async (what) => {
    const port = await listen(mute());
    const between = await proxy({ silent: what === 'an answer to CONNECT' });
    const desk = await startDesk({
      origin: `https://127.0.0.1:${port}`,
      limits: { ...LIMITS, connectMs: 150, firstByteMs: 10_000 },
      network: what === 'a handshake' ? {} : { httpsProxy: new Secret(between.url) },
    });
    expect((await sendRaw(desk.port, rawRequest('/relay/users'))).status).toBe(504);
    expect(desk.records).toMatchObject([{ code: 'DOWNSTREAM_TIMEOUT', cause: 'UND_ERR_CONNECT_TIMEOUT' }]);
    await expectSoon(() => between.connections() === 0);
  });
});

it('an agent of a network that closes ends its kept connections', async () => {
  const far = await bitbucket('http');
  const way = network();
  const agent = way.agent(far.origin, { connections: 4, connectTimeoutMs: 1_000, keepAliveMs: 60_000 });
  const { request } = await import('node:http');
  const kept = await new Promise<{ destroyed: boolean }>((resolve) => {
    request(far.origin, { agent }, (response) => {
      const { socket } = response;
      response.on('end', () => setImmediate(resolve, socket)).resume();
    }).end();
  });
  expect(kept.destroyed).toBe(false);
  await way.close();
  expect(kept.destroyed).toBe(true);
});
