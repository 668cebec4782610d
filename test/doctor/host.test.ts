import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '../../sandbox/free-port.ts';
import { takeLock } from '../../src/inventory/ledger/lock.ts';
import { startServer } from '../kit/http-server.ts';
import { atTheEnd, endAll, examined, folder, told } from './stage.ts';

afterEach(endAll);

const MIB = 1024 * 1024;

describe('the state folder', () => {
  it('that is not there yet is not made', async () => {
    const at = join(folder(), 'a', 'b');
    const check = await examined({ STATE_DIR: at });
    expect(check('state folder').map(told)[0]).toBe(`PASS ${at} is not there yet and will be made | `);
    expect(existsSync(at)).toBe(false);
  });

  it('that is a file fails', async () => {
    const at = join(folder(), 'file');
    writeFileSync(at, '');
    const check = await examined({ STATE_DIR: at });
    expect(check('state folder').map(told)).toEqual([
      expect.stringMatching(/^FAIL .* cannot be written \(ENOTDIR\) \| Set STATE_DIR to a folder/),
    ]);
  });

  const asUser = process.getuid?.() === 0 ? it.skip : it;
  asUser('that may not be written fails', async () => {
    const at = folder();
    chmodSync(at, 0o500);
    const check = await examined({ STATE_DIR: at });
    chmodSync(at, 0o700);
    expect(check('state folder').map(told)).toEqual([expect.stringMatching(/^FAIL .*EACCES/)]);
  });

  it.each([
    [500, /^PASS 500 MiB are free there/],
    [499, /^WARN 499 MiB are free there \| Make room/],
    [49, /^FAIL 49 MiB are free there \| Make room/],
  ])('with %d MiB free', async (mib, line) => {
    const check = await examined({}, { freeBytes: () => mib * MIB });
    expect(check('state folder').map(told)).toEqual([expect.any(String), expect.stringMatching(line)]);
  });

  it('tells who holds it, and lets them', async () => {
    const at = folder();
    const lock = takeLock(at, 'sync --once');
    const check = await examined({ STATE_DIR: at });
    expect(() => takeLock(at, 'other')).toThrow(/in use by process/);
    lock.release();
    expect(check('state folder').map(told)).toEqual([
      expect.any(String),
      expect.any(String),
      expect.stringMatching(
        new RegExp(`^PASS is held by process ${process.pid} on .* since .*: sync --once`),
      ),
    ]);
  });

  it('tells of a holder that has ended, without its control characters', async () => {
    const at = folder();
    const holder = { pid: 2 ** 30, host: hostname(), since: 'then', command: 'x\u001b[2J' };
    writeFileSync(join(at, 'lock-holder.json'), JSON.stringify(holder));
    const check = await examined({ STATE_DIR: at });
    expect(check('state folder').map(told)[2]).toMatch(
      /^PASS was last held by .*: x\uFFFD\[2J, which has ended/,
    );
  });
});

describe('ports', () => {
  it('that are free pass', async () => {
    const PORT = String(await freePort());
    const env = {
      PORT,
      ADMIN_PORT: '0',
      HTTP_RELAY: 'true',
      RELAY_TOKEN: 'a-long-relay-token',
      RELAY_PORT: String(await freePort()),
    };
    expect((await examined(env))('ports').map(told)).toEqual([
      `PASS PORT ${PORT} is free | `,
      'PASS ADMIN_PORT=0: a free one is taken at the start | ',
      expect.stringMatching(/^PASS RELAY_PORT \d+ is free/),
    ]);
  });

  it('that another program holds fail', async () => {
    const other = await startServer((_request, response) => response.end('hello'));
    atTheEnd(() => other.close());
    const check = await examined({ ADMIN_PORT: String(other.port) });
    expect(check('ports').map(told)[1]).toMatch(
      /^FAIL ADMIN_PORT \d+ is held by another program \| Set ADMIN_PORT to a free port/,
    );
    expect(check('tunnel').map(told)).toEqual([expect.stringMatching(/^WARN no agent answers/)]);
  });

  it('where the agent runs and answers otherwise than this configuration says are warned of', async () => {
    const agent = await startServer((_request, response) => {
      response.end('{"ok":true,"tunnel":"open","draining":false}');
    });
    atTheEnd(() => agent.close());
    const other = await startServer((_request, response) => response.end('hello'));
    atTheEnd(() => other.close());
    const check = await examined({ PORT: String(other.port), ADMIN_PORT: String(agent.port) });
    expect(check('ports').map(told)[0]).toMatch(
      /^WARN PORT \d+ is held; the agent runs, but does not answer there \| Give doctor the configuration/,
    );
  });

  it('that the agent holds pass', async () => {
    const agent = await startServer((_request, response) => {
      response.end('{"ok":true,"tunnel":"open","draining":false}');
    });
    atTheEnd(() => agent.close());
    const check = await examined({ PORT: String(agent.port) });
    expect(check('ports').map(told)).toEqual([`PASS PORT ${agent.port} is held by the running agent | `]);
    expect(check('tunnel').map(told)).toEqual(['PASS open | ']);
  });

  it('whose address is none of this host fail', async () => {
    const env = {
      ADMIN_PORT: String(await freePort()),
      ADMIN_HOST: '192.0.2.1',
      ADMIN_TOKEN: 'a-long-admin-token',
    };
    expect((await examined(env))('ports').map(told)[1]).toMatch(
      /^FAIL ADMIN_PORT \d+ cannot be opened \(EADDRNOTAVAIL\)/,
    );
  });
});

describe('the configuration', () => {
  it('is warned of line by line', async () => {
    const check = await examined({ BITBUCKET_PAT: 'agent-token' });
    expect(check('configuration').map(told)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^WARN Bitbucket is called with the access token/)]),
    );
  });

  it.each([
    [{ errors: 0, warnings: 0, first: null }, /^PASS .*nothing to be said/],
    [
      { errors: 0, warnings: 2, first: 'rule 1 is shadowed' },
      /^WARN .*0 error\(s\), 2 warning\(s\); first: rule 1 is shadowed \| rules lint/,
    ],
    [{ errors: 1, warnings: 0, first: 'any' }, /^FAIL .*1 error\(s\)/],
  ])('of the rules, with %j', async (report, line) => {
    const check = await examined({}, { lint: () => report });
    expect(check('rules').map(told)).toEqual([expect.stringMatching(line)]);
  });
});
