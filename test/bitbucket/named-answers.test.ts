import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import { LoginPool } from '../../src/bitbucket/login-pool.ts';
import { withNamedAnswers } from '../../src/bitbucket/named-answers.ts';
import { createJsonReader } from '../../src/bitbucket/read-json.ts';
import { silentLog } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { startServer } from '../kit/http-server.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const LIMITS = { connectMs: 2_000, firstByteMs: 5_000, idleMs: 5_000 };

/** A server with anonymous access: it names the users of these tokens, and answers everybody. */
async function stage(valid: readonly string[], tokens: readonly string[]) {
  const names = new Set(valid);
  const seen: string[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    seen.push(token);
    const who = names.has(token) ? { 'x-ausername': token } : {};
    const type = request.url === '/login' ? 'text/html' : 'application/json;charset=UTF-8';
    response.writeHead(request.url === '/gone' ? 404 : 200, { 'content-type': type, ...who });
    response.end('{"values":[]}');
  };
  const { origin, close } = await startServer(answer);
  closing.push(close);
  const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
  closing.push(() => network.close());
  const send = withNamedAnswers(withAuthorization(createExchange(network, LIMITS)));
  const credentials = tokens.map((name) => ({ name, authorization: `Bearer ${name}` }));
  const login = tokens.length === 0 ? null : new LoginPool(credentials, silentLog);
  const read = createJsonReader(send, { pause: async () => {} });
  const get = (path: string) =>
    read({ origin, path, login }).then(
      ({ status }) => status as unknown,
      (error: unknown) => error,
    );
  return { get, names, seen };
}

describe('an answer to nobody', () => {
  it('is a login that is none, once the server has named anybody', async () => {
    const { get, names, seen } = await stage(['a', 'b'], ['a', 'b']);
    expect(await get('/repos')).toBe(200);
    names.delete('b');
    expect([await get('/repos'), await get('/repos'), await get('/repos')]).toEqual([200, 200, 200]);
    expect(seen).toEqual(['a', 'b', 'a', 'a', 'a']);
  });

  it('is a refusal where no other login is left', async () => {
    const { get, names, seen } = await stage(['a', 'b'], ['a', 'b']);
    await get('/repos');
    names.clear();
    expect(await get('/repos?limit=1')).toMatchObject({
      code: 'BITBUCKET_REFUSED',
      message: expect.stringContaining('GET /repos?limit=1 as to nobody'),
      hint: expect.stringContaining('anonymous access'),
    });
    expect(seen).toEqual(['a', 'b', 'a']);
  });

  it('is as good as any where the server never names anybody', async () => {
    const { get, seen } = await stage([], ['a']);
    expect([await get('/repos'), await get('/repos')]).toEqual([200, 200]);
    expect(seen).toEqual(['a', 'a']);
  });

  it.each([
    ['tells the version', '/rest/api/1.0/application-properties', 200],
    ['is no success', '/gone', 404],
    ['is no JSON, but a login page', '/login', 200],
  ])('is passed on when it %s', async (_, path, status) => {
    const { get, names } = await stage(['a'], ['a']);
    await get('/repos');
    names.clear();
    expect(await get(path)).toBe(status);
  });

  it('is what a call without a login asks for', async () => {
    const { get, names } = await stage([''], []);
    expect(await get('/repos')).toBe(200);
    names.clear();
    expect(await get('/repos')).toBe(200);
  });
});
