import { afterEach, describe, expect, it } from '@jest/globals';
import { startBrokerServer } from '../../sandbox/broker-server.ts';
import { startReceiver } from '../../sandbox/receiver.ts';
import { Secret } from '../../src/config/secret.ts';
import { identifyCheck, tunnelCheck } from '../../src/doctor/checks/tunnel.ts';
import { runChecks } from '../../src/doctor/run-checks.ts';
import type { RunningAgent, SocketSight } from '../../src/doctor/running-agent.ts';
import { createNetwork } from '../../src/network/network.ts';
import { startBrokerDouble } from '../kit/broker-double.ts';
import { startServer } from '../kit/http-server.ts';
import { closeAll, TOKEN, tunnelTo } from '../kit/tunnel-pair.ts';
import { atTheEnd, endAll, examined, snykServer, told } from './stage.ts';

afterEach(async () => {
  await closeAll();
  await endAll();
});

const never = new AbortController().signal;

describe('the Snyk server', () => {
  it('is the real one', async () => {
    const receiver = await startReceiver();
    atTheEnd(() => receiver.close());
    const server = await startBrokerServer({ backendUrl: receiver.url });
    atTheEnd(() => server.close());
    const check = await examined({ BROKER_SERVER_URL: server.url });
    expect(check('Snyk server').map(told)).toEqual([
      expect.stringMatching(/^PASS http:.* answers, version \S+ \| $/),
    ]);
  });

  it.each([
    [{ status: 200, body: '<html>log in here</html>' }, 200],
    [{ status: 200, body: '{"ok":false}' }, 200],
    [{ status: 403, body: '{"ok":true}' }, 403],
  ])('is not what answers %j', async (answer, status) => {
    const check = await examined({ BROKER_SERVER_URL: await snykServer(answer) });
    expect(check('Snyk server').map(told)).toEqual([
      expect.stringMatching(
        new RegExp(
          `^FAIL .*/healthcheck answers ${status}, and not as .* \\| Check BROKER_SERVER_URL for your region`,
        ),
      ),
    ]);
  });

  it('is not there', async () => {
    const check = await examined({ BROKER_SERVER_URL: 'http://127.0.0.1:1' });
    expect(check('Snyk server').map(told)).toEqual([
      expect.stringMatching(
        /^FAIL http:\/\/127\.0\.0\.1:1 does not answer \(ECONNREFUSED\) \| .*firewall.*BROKER_SERVER_URL/,
      ),
    ]);
  });
});

describe('the Snyk API', () => {
  const ha = (API_BASE_URL: string) => examined({ BROKER_HA_MODE_ENABLED: 'true', API_BASE_URL });

  it('is asked in high availability mode only', async () => {
    expect((await examined())('Snyk API')).toEqual([]);
    const check = await ha(await snykServer());
    expect(check('Snyk API').map(told)).toEqual([expect.stringMatching(/^PASS .* answers/)]);
    expect(check('DNS Snyk API')).toHaveLength(1);
  });

  it('that answers otherwise is warned of, one that does not fails', async () => {
    expect((await ha(await snykServer({ status: 404 })))('Snyk API').map(told)).toEqual([
      expect.stringMatching(/^WARN .*\/rest\/openapi answers 404 \| Check API_BASE_URL/),
    ]);
    expect((await ha('http://127.0.0.1:1'))('Snyk API').map(told)).toEqual([
      expect.stringMatching(/^FAIL .*ECONNREFUSED/),
    ]);
  });
});

describe('the delivery by https', () => {
  it('is looked at without its token', async () => {
    const heard: unknown[] = [];
    const receiver = await startServer((request, response) => {
      heard.push([request.method, request.url, request.headers.authorization]);
      response.writeHead(405).end();
    });
    atTheEnd(() => receiver.close());
    const ESSENTIALS_URL = `${receiver.origin}/batches`;
    const env = { ESSENTIALS_DELIVERY: 'https', ESSENTIALS_URL, ESSENTIALS_TOKEN: 'the-receivers-token' };
    const found = (await examined(env))('delivery').map(told);
    expect(found).toEqual([`PASS ${receiver.origin}/batches answers (405 to HEAD without a token) | `]);
    expect(heard).toEqual([['HEAD', '/batches', undefined]]);
  });

  it.each([
    [503, /^WARN .* answers 503 \| See what is wrong at the receiver/],
    [0, /^FAIL .* does not answer \(ECONNREFUSED\)/],
  ])('with status %d', async (status, line) => {
    const url = status === 0 ? 'http://127.0.0.1:1/x' : await snykServer({ status });
    const env = { ESSENTIALS_DELIVERY: 'https', ESSENTIALS_URL: url };
    expect((await examined(env))('delivery').map(told)).toEqual([expect.stringMatching(line)]);
  });
});

describe('the tunnel of the running agent', () => {
  const serverUrl = 'https://broker.example';
  const broker = {
    serverUrl,
    apiBaseUrl: '',
    token: new Secret(TOKEN),
    clientUrl: null,
    haMode: false,
    location: '',
  };
  const socket = (role: string, open: boolean): SocketSight => ({
    role,
    open,
    since: '2026-01-01T00:00:00.000Z',
  });
  const agent = (open: boolean, sockets: SocketSight[], at = serverUrl): RunningAgent => ({
    public: { kind: 'agent', ready: open, open },
    admin: null,
    sockets,
    serverUrl: at,
  });
  const nobody: RunningAgent = {
    public: { kind: 'nobody', code: 'ECONNREFUSED' },
    admin: null,
    sockets: [],
    serverUrl: null,
  };
  const both = [socket('primary', true), socket('secondary', true)];

  it.each([
    ['both sockets open', agent(true, both), [/^PASS open: primary since 2026-.*, secondary since/]],
    [
      'one socket open',
      agent(true, [socket('primary', true), socket('secondary', false)]),
      [/^WARN the secondary socket is not open \| .*one is enough/, /^PASS open: primary/],
    ],
    [
      'no socket open',
      agent(false, [socket('primary', false)]),
      [/^FAIL the running agent has no tunnel \| .*tunnel down/],
    ],
    [
      'another server',
      agent(true, both, 'https://broker.eu.example'),
      [/^WARN the running agent is connected to https:\/\/broker\.eu\.example, not to/],
    ],
    ['no agent', nobody, [/^WARN no agent answers .* \| Start it with run; doctor --identify/]],
  ])('with %s', async (_what, running, lines) => {
    const findings = await runChecks([tunnelCheck(Promise.resolve(running), broker)], never);
    expect(findings.map(told)).toEqual(lines.map((line) => expect.stringMatching(line)));
  });

  it('of its own is warned of where the server does not show it', async () => {
    const double = await startBrokerDouble();
    atTheEnd(() => double.close());
    const { tunnel } = tunnelTo(double);
    const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
    atTheEnd(() => network.close());
    const own = { ...broker, serverUrl: double.url };
    const findings = await runChecks(
      [
        identifyCheck([], { tunnel, leave: () => tunnel.drain('test', 1_000) }, network, own, {
          openMs: 10_000,
          confirmMs: 300,
        }),
      ],
      never,
    );
    expect(findings.map(told)).toEqual([
      expect.stringMatching(
        /^WARN opened; \/connection-status is closed \(status 200\) \| See in Snyk .*never says whether it knows it/,
      ),
    ]);
    expect(JSON.stringify(findings)).not.toContain(TOKEN);
    expect(tunnel.open).toBe(false);
  });

  it('of its own fails where it does not open', async () => {
    const other = await startServer((_request, response) => response.writeHead(404).end());
    atTheEnd(() => other.close());
    const { tunnel } = tunnelTo({ url: other.origin });
    const network = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], extraCa: [] });
    atTheEnd(() => network.close());
    const check = identifyCheck([], { tunnel, leave: () => tunnel.drain('test', 1_000) }, network, broker, {
      openMs: 1_000,
      confirmMs: 0,
    });
    expect((await runChecks([check], never)).map(told)).toEqual([
      expect.stringMatching(
        /^FAIL did not open within 1 s \(.*\) \| Check that proxy and firewall let websockets/,
      ),
    ]);
  });
});
