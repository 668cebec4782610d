import { afterEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { openGate } from '../../src/agent/gate.ts';
import { withAuthorization } from '../../src/bitbucket/authorize.ts';
import { createExchange } from '../../src/bitbucket/exchange.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createSystemcheck } from '../../src/doctor/systemcheck.ts';
import { openListener } from '../../src/http/listener.ts';
import { systemcheckRoutes } from '../../src/http/systemcheck.ts';
import { silentLog } from '../../src/log.ts';
import { createNetwork } from '../../src/network/network.ts';
import { atTheEnd, bitbucket, type Env, endAll, environment, file, folder } from '../doctor/stage.ts';

afterEach(endAll);

async function systemcheck(overlay: Env = {}) {
  const server = await bitbucket({ anonymousAccess: true });
  const env = await environment({ BITBUCKET_URL: server.url, ...overlay });
  const config = loadConfig({ env, cwd: folder() });
  const network = createNetwork(config.network);
  atTheEnd(() => network.close());
  const send = withAuthorization(createExchange(network, config.bitbucket.timeouts));
  const { baseUrl, scheme, api } = config.bitbucket;
  let time = 0;
  const check = createSystemcheck(
    { ...openGate(config, silentLog), send, bitbucket: { baseUrl, apiUrl: `${scheme}://${api}` } },
    () => time,
  );
  const routes = [systemcheckRoutes('/systemcheck', check)];
  const listener = await openListener({ port: 0, name: 'PORT', tls: null, routes, log: silentLog });
  atTheEnd(() => listener.close());
  const client = request(`http://127.0.0.1:${listener.port}`);
  return {
    server,
    get: () => client.get('/systemcheck'),
    passes: (ms: number) => {
      time += ms;
    },
  };
}

const tokens = (BITBUCKET_PAT_POOL: string) => ({
  BITBUCKET_USERNAME: undefined,
  BITBUCKET_PASSWORD: undefined,
  BITBUCKET_PAT_POOL,
});

describe('the system check', () => {
  it("has the official client's form, without a part of the credentials", async () => {
    const { server, get } = await systemcheck();
    const { status, body, headers } = await get();
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(body).toEqual([
      {
        brokerClientValidationUrl: `${server.url}/rest/api/1.0/users?limit=1`,
        brokerClientValidationMethod: 'GET',
        brokerClientValidationTimeoutMs: 30_000,
        brokerClientValidationUrlStatusCode: 200,
        ok: true,
        maskedCredentials: '***',
        credential: 'BITBUCKET_PASSWORD',
      },
    ]);
  });

  it('is 500 when one credential of a pool is none, in whatever place', async () => {
    const { get } = await systemcheck(tokens('agent-token,no-such-token,service-token'));
    const { status, body, text } = await get();
    expect(status).toBe(500);
    const invalid = {
      ok: false,
      error: 'Failed due to invalid credentials',
      brokerClientValidationUrlStatusCode: 401,
    };
    expect(body).toMatchObject([{ ok: true }, invalid, { ok: true }]);
    expect(text).not.toMatch(/agent-t|such|service/);
  });

  it('takes 200 without a name for what it is: an answer to nobody', async () => {
    const list = {
      private: [{ path: '/projects', origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bitbucket' } }],
    };
    const { get } = await systemcheck({
      ...tokens('no-such-token'),
      ACCEPT: file('accept.json', JSON.stringify(list)),
    });
    const { status, body } = await get();
    expect([status, body[0].ok, body[0].brokerClientValidationUrlStatusCode]).toEqual([500, false, 401]);
  });

  it('tells why there was no answer', async () => {
    const { get } = await systemcheck({ BITBUCKET_URL: 'http://127.0.0.1:1' });
    const { status, body } = await get();
    expect(status).toBe(500);
    expect(body).toMatchObject([{ ok: false, error: 'No answer (ECONNREFUSED)' }]);
    expect(body[0]).not.toHaveProperty('brokerClientValidationUrlStatusCode');
  });

  it('tells when no rule can try a login', async () => {
    const list = {
      private: [{ path: '/x/:y', origin: 'https://${BITBUCKET_API}', auth: { scheme: 'bitbucket' } }],
    };
    const { get } = await systemcheck({ ACCEPT: file('accept.json', JSON.stringify(list)) });
    const { status, body } = await get();
    expect([status, body]).toEqual([
      500,
      [{ ok: false, error: 'No rule reads a list with any of the logins.' }],
    ]);
  });

  it('asks Bitbucket once for all who ask at the same time, and again after 10 s only', async () => {
    const { server, get, passes } = await systemcheck();
    const answers = await Promise.all([get(), get(), get()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(server.requests).toHaveLength(1);
    passes(9_999);
    await get();
    expect(server.requests).toHaveLength(1);
    passes(1);
    await get();
    expect(server.requests).toHaveLength(2);
  });
});
