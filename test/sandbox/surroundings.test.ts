import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startAgent } from '../../sandbox/agent-process.ts';
import { Caller } from '../../sandbox/caller.ts';
import { freePort } from '../../sandbox/free-port.ts';
import { putUnderLoad } from '../../sandbox/load.ts';
import { startSurroundings } from '../../sandbox/surroundings.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const PATHS = ['/projects?limit=1', '/users?limit=1'];

describe('the surroundings of agents that run elsewhere', () => {
  it('are all that an agent in high availability mode needs', async () => {
    const around = await startSurroundings();
    closers.push(() => around.close());
    const folder = makeTemporaryFolder('surroundings');
    closers.push(() => folder.remove());
    const agent = await startAgent({
      env: {
        ...around.agentEnv,
        BROKER_HA_MODE_ENABLED: 'true',
        PORT: String(await freePort()),
        ADMIN_PORT: 'off',
        PROFILE_NAME: 'elsewhere',
        STATE_DIR: folder.path,
      },
      cwd: folder.path,
      entry: 'dist',
    });
    closers.push(() => agent.close());
    await agent.waitForLog(({ message }) => message === 'inventory run complete', 25_000);
    expect(around.essentials.repositories.size).toBeGreaterThan(0);
    expect(around.essentials.problems).toEqual([]);
    expect(around.api.received.map(({ method }) => method)).toContain('POST');

    const caller = new Caller(around.broker.url, null, (path) => `/broker/${around.token}${path}`);
    closers.push(() => caller.close());
    const call = caller.call.bind(caller);
    const report = await putUnderLoad({ rate: 40, seconds: 0.5, paths: PATHS, call });
    expect(report).toMatchObject({ sent: 20, answered: 20 });
    expect(report.failures).toEqual({});
    expect(report.slowest).toBeGreaterThanOrEqual(report.p50);
  });
});

describe('load', () => {
  it('counts what is not answered with 200, by its status or by what broke', async () => {
    const server = createServer((request, response) => {
      if (request.url === '/broken') response.destroy();
      else response.writeHead(request.url === '/busy' ? 503 : 200).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(() => server.close());
    const { port } = server.address() as { port: number };
    const caller = new Caller(`http://127.0.0.1:${port}`, null, (path) => path);
    closers.push(() => caller.close());
    const failed: string[] = [];
    let most = 0;
    let now = 0;
    const call: typeof caller.call = async (...asked) => {
      now += 1;
      most = Math.max(most, now);
      return caller.call(...asked).finally(() => {
        now -= 1;
      });
    };
    const report = await putUnderLoad({
      rate: 200,
      seconds: 0.06,
      mostAtOnce: 2,
      paths: ['/fine', '/busy', '/broken'],
      call,
      failed: (_second, path) => failed.push(path),
    });
    expect(report).toMatchObject({ sent: 12, answered: 4, failures: { '503': 4, 'other side closed': 4 } });
    expect(most).toBeLessThanOrEqual(2);
    expect(failed.toSorted()).toEqual([...Array(4).fill('/broken'), ...Array(4).fill('/busy')]);
  });
});
