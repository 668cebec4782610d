import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../sandbox/certificates.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { type CommandStage, startCommandStage } from './command.ts';

let stage: CommandStage;
const servers: Server[] = [];

beforeAll(async () => {
  stage = await startCommandStage();
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});
afterAll(() => stage.close());

async function portOf(server: Server): Promise<string> {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return String((server.address() as AddressInfo).port);
}

/** Of the command, in an environment that has nothing but this. */
async function check(env: Readonly<Record<string, string>>) {
  const nothing = Object.fromEntries(Object.keys(stage.stage.agentEnv).map((name) => [name, undefined]));
  const { code, output } = await stage
    .fresh()
    .ended(['healthcheck'], { ...nothing, LOG_LEVEL: undefined, ...env });
  return { code, output: output.trim() };
}

describe('healthcheck', () => {
  it('is 0 while the agent lives, its tunnel open or not, and 1 when it is gone', async () => {
    const PORT = String(await freePort());
    const bench = stage.fresh();
    const BROKER_SERVER_URL = `http://127.0.0.1:${await freePort()}`;
    const agent = await bench.begin(['run'], {
      PORT,
      BROKER_SERVER_URL,
      ADMIN_PORT: 'off',
      LOG_LEVEL: 'info',
    });
    await agent.waitForLog(({ message }) => message === 'tunnel down', 15_000);
    expect(await check({ PORT })).toEqual({ code: 0, output: `alive: http://127.0.0.1:${PORT}/livez` });
    await agent.terminate();
    expect(await check({ PORT })).toEqual({
      code: 1,
      output: `not alive: http://127.0.0.1:${PORT}/livez does not answer (ECONNREFUSED)`,
    });
  });

  it('takes TLS with a certificate of another name, by the same variable', async () => {
    const PORT = String(await freePort());
    const bench = stage.fresh();
    const { key, cert } = createAuthority().issue(['agent.example.com']);
    const HTTPS_CERT = join(bench.stateDir, 'tls.crt');
    const HTTPS_KEY = join(bench.stateDir, 'tls.key');
    writeFileSync(HTTPS_CERT, cert);
    writeFileSync(HTTPS_KEY, key);
    const agent = await bench.begin(['run'], { PORT, HTTPS_CERT, HTTPS_KEY, ADMIN_PORT: 'off' });
    await agent.ready();
    expect(await check({ PORT, HTTPS_CERT })).toEqual({
      code: 0,
      output: `alive: https://127.0.0.1:${PORT}/livez`,
    });
    expect((await check({ PORT })).code).toBe(1);
  });

  it('does not go through a proxy', async () => {
    const seen: string[] = [];
    const proxy = createServer((request, response) => {
      seen.push(String(request.url));
      response.end('{"ok":true}');
    }).on('connect', (request, socket) => {
      seen.push(String(request.url));
      socket.destroy();
    });
    const url = `http://127.0.0.1:${await portOf(proxy)}`;
    const PORT = await portOf(createServer((_request, response) => void response.end('{"ok":true}')));
    const env = { PORT, HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, NODE_USE_ENV_PROXY: '1' };
    expect((await check(env)).code).toBe(0);
    expect(seen).toEqual([]);
  });

  it('is 1 where something else answers, or no port can be known', async () => {
    const PORT = await portOf(createServer((_request, response) => void response.writeHead(404).end('{}')));
    expect(await check({ PORT })).toEqual({
      code: 1,
      output: `not alive: http://127.0.0.1:${PORT}/livez is not this agent's (404)`,
    });
    expect((await check({ PORT: '0' })).code).toBe(1);
  });

  it('is 1 after 3 s where the port takes connections and never answers', async () => {
    const PORT = await portOf(createServer(() => {}));
    const { code, output } = await check({ PORT });
    expect(code).toBe(1);
    expect(output).toBe(`not alive: http://127.0.0.1:${PORT}/livez does not answer (ABORT_ERR)`);
  });
});
