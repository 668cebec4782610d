import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder, type TemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { openGate } from '../../src/agent/gate.ts';
import { type OperatorsPortOptions, openOperatorsPort } from '../../src/agent/operators-port.ts';
import { PauseSwitch } from '../../src/agent/pause-switch.ts';
import { RecentCalls } from '../../src/agent/recent-calls.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Fields, silentLog } from '../../src/log.ts';

const TOKEN = '11111111-2222-4333-8444-555555555555';

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder('operators-port');
});
afterEach(() => folder.remove());

/** What /status.json says where the inventory does as it is told. */
async function statusWhere(status: () => unknown) {
  const env = {
    BROKER_TOKEN: TOKEN,
    BITBUCKET_URL: 'https://bitbucket.example',
    BITBUCKET_PAT: 'a-token-of-bitbucket',
    ADMIN_PORT: '0',
    STATE_DIR: folder.path,
  };
  const config = loadConfig({ env, cwd: folder.path });
  const lines: [string, Fields | undefined][] = [];
  const log = {
    ...silentLog,
    error: (message: string, fields?: Fields) => void lines.push([message, fields]),
  };
  const trail = { instance: null, written: 0, lost: 0, errors: 0, failing: null, head: null };
  const lastError = `GET /primus/${TOKEN}/ was answered with 502`;
  const options = {
    config,
    log,
    gate: openGate(config, silentLog),
    tunnel: { state: [{ role: 'primary', open: false, since: 0, reconnects: 0, lastError }] },
    inventory: { status },
    recent: new RecentCalls(),
    pauseSwitch: new PauseSwitch({ stateDir: folder.path, log }),
    trail: { state: () => trail },
    draining: () => false,
  };
  const listener = await openOperatorsPort(options as unknown as OperatorsPortOptions);
  try {
    const answer = await fetch(`http://127.0.0.1:${listener?.port}/status.json`);
    return { answer: (await answer.json()) as Record<string, unknown>, lines };
  } finally {
    await listener?.close();
  }
}

describe("the operators' port", () => {
  it('comes up with all else when the inventory cannot be looked at, for whatever reason', async () => {
    const { answer, lines } = await statusWhere(() => JSON.parse('{'));
    expect(answer.inventory).toEqual({ error: 'INTERNAL' });
    expect(lines).toEqual([['defect', { name: 'SyntaxError', stack: expect.stringContaining('    at ') }]]);
  });

  it('shows no secret, in whatever text of others it stands', async () => {
    const run = { error: { code: 'DESTINATION_REFUSED', message: `Bearer ${TOKEN} is unknown` } };
    const { answer } = await statusWhere(() => ({ running: null, budget: null, runs: [run], parked: [] }));
    expect(answer).toMatchObject({
      inventory: { runs: [{ error: { message: 'Bearer [secret] is unknown' } }] },
      tunnel: [{ lastError: 'GET /primus/[secret]/ was answered with 502' }],
    });
  });
});
