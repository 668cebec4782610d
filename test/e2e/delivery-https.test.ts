import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority } from '../../sandbox/certificates.ts';
import type { ReceivedRequest, ReceiverAnswer } from '../../sandbox/receiver.ts';
import { type CommandStage, filesIn, startCommandStage, told, type Workbench } from './command.ts';
import { heldBy, truthOf } from './inventory-truth.ts';
import { startTlsReceiver, type TlsReceiver } from './tls-receiver.ts';

const TOKEN = 'essentials-token-7c1f0a';
const WAIT_MS = 10_000;
const authority = createAuthority();

let desk: CommandStage;
let place: TlsReceiver;
let bench: Workbench;
let env: Record<string, string>;
beforeAll(async () => {
  desk = await startCommandStage();
});
afterAll(() => desk?.close());
beforeEach(async () => {
  bench = desk.fresh();
  place = await startTlsReceiver(authority.issue(['127.0.0.1']));
  place.respond(bench.receiver.respond);
  const ca = join(desk.stage.agentEnv.STATE_DIR ?? '', 'receiver-ca.pem');
  writeFileSync(ca, authority.ca);
  env = {
    ESSENTIALS_DELIVERY: 'https',
    ESSENTIALS_URL: place.url,
    ESSENTIALS_TOKEN: TOKEN,
    CA_CERT: ca,
    LOG_LEVEL: 'debug',
  };
});
afterEach(() => place?.close());

const sync = (overlay: Readonly<Record<string, string | undefined>> = {}) =>
  bench.ended(['sync', '--once'], { ...env, ...overlay });
const keyAndBytes = ({ headers, body }: ReceivedRequest) => [
  headers['idempotency-key'],
  body.toString('base64'),
];

function expectAll(): void {
  expect(heldBy(bench.receiver)).toEqual(truthOf(desk.stage.bitbucket));
  expect(bench.receiver.problems).toEqual([]);
}

/** In the outputs, at Bitbucket, at Snyk's side, in the state: nowhere. */
function expectTokenNowhere(output: string): void {
  const forms = [TOKEN, Buffer.from(TOKEN).toString('base64').replace(/=+$/, '')];
  const asked = desk.stage.bitbucket.requests.map(({ url, rawHeaders }) => [url, ...rawHeaders].join());
  const state = Object.values(filesIn(bench.stateDir)).map((bytes) => bytes.toString('latin1'));
  const all = [output, ...asked, desk.stage.broker.log(), ...state];
  expect(all.length).toBeGreaterThan(10);
  for (const form of forms) expect(all.filter((text) => text.includes(form))).toEqual([]);
}

describe('by https to a receiver with a private CA', () => {
  it('gzip, the bearer token to that place alone, and no tunnel is opened', async () => {
    const { code, output } = await sync();
    expect({ code, output }).toMatchObject({ code: 0 });
    expectAll();
    expect(place.received).toHaveLength(2);
    for (const { method, url, headers, body } of place.received) {
      expect({ method, url }).toEqual({ method: 'POST', url: '/inventory/batches' });
      expect(headers).toMatchObject({
        authorization: `Bearer ${TOKEN}`,
        'content-encoding': 'gzip',
        'content-type': 'application/vnd.api+json',
      });
      expect(JSON.parse(gunzipSync(body).toString()).meta.profile).toBe('demo');
    }
    expectTokenNowhere(output);
    expect(bench.received()).toEqual([]);
    expect(desk.stage.broker.log()).not.toMatch(desk.stage.token);
  });

  it('without ESSENTIALS_TOKEN no Authorization is sent', async () => {
    expect((await sync({ ESSENTIALS_TOKEN: undefined })).code).toBe(0);
    expect(place.received.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  it('503, 429 and a connection that is cut are tried again until they pass: the same bytes and key', async () => {
    const answers: (ReceiverAnswer | 'cut')[] = [{ status: 503 }, 'cut', { status: 429 }];
    place.respond((request) => answers.shift() ?? bench.receiver.respond(request));
    const { code, output } = await sync();
    expect({ code, output }).toMatchObject({ code: 0 });
    expectAll();
    const [first, ...more] = place.received.slice(0, 4).map(keyAndBytes);
    expect(more).toEqual([first, first, first]);
    expectTokenNowhere(output);
  });

  it('a process killed while connections are cut: the next one sends the same bytes under the same key', async () => {
    place.respond(() => 'cut');
    const agent = await bench.begin(['sync', '--once'], env);
    await agent.waitForLog(({ message }) => /^batch 1: .*again in/.test(String(message)), WAIT_MS);
    await agent.terminate('SIGKILL');
    const before = place.received.map(keyAndBytes);
    place.respond(bench.receiver.respond);
    expect((await sync()).code).toBe(0);
    expect(place.received.map(keyAndBytes)[before.length]).toEqual(before[0]);
    expectAll();
  });

  it('a certificate of an authority that is not trusted: nothing is sent, the cause is told, the outbox kept', async () => {
    const agent = await bench.begin(['sync', '--once'], { ...env, CA_CERT: undefined });
    await agent.waitForLog(({ message }) => /^batch 1: .*again in/.test(String(message)), WAIT_MS);
    expect(await agent.terminate()).toEqual({ code: 3, signal: null });
    expect(agent.output()).toMatch(/batch 1: .*(UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER)/);
    expect(told(agent.output(), 'outcome')).toMatch(/the outbox is kept/);
    expect(place.received).toEqual([]);
    expect((await sync()).code).toBe(0);
    expectAll();
  });

  it.each([
    [{ status: 401 }, /ESSENTIALS_TOKEN/],
    [{ status: 403 }, /ESSENTIALS_TOKEN/],
    [{ status: 404 }, /ESSENTIALS_URL/],
    [{ status: 405 }, /ESSENTIALS_URL/],
    [{ status: 307, headers: { location: '/elsewhere' } }, /redirect.*ESSENTIALS_URL/],
  ])('%j at the first batch: one try, exit code 3, nothing parked', async (answer, words) => {
    place.respond(() => answer);
    const { code, output } = await sync();
    expect({ code, output }).toEqual({ code: 3, output: expect.stringMatching(words) });
    expect(told(output, 'outcome')).toMatch(/NOT delivered yet; the outbox is kept/);
    expect(place.received).toHaveLength(1);
    expectTokenNowhere(output);
  });

  it('a refusal that repeats the token: it is kept and shown without it', async () => {
    place.respond(({ headers }) => ({ status: 422, body: `no, ${headers.authorization}` }));
    const { code, output } = await sync();
    expect(code).toBe(4);
    expect(told(output, 'parked')).toMatch(/status 422: no, Bearer \[secret\]$/);
    expectTokenNowhere(output);
  });
});

describe('ESSENTIALS_DELIVERY=off', () => {
  it('only collects: what was read is delivered once delivery is on', async () => {
    const { code, output } = await bench.ended(['sync', '--once'], { ESSENTIALS_DELIVERY: 'off' });
    expect({ code, sent: told(output, 'sent') }).toEqual({ code: 0, sent: '0' });
    expect([...place.received, ...bench.received()]).toEqual([]);
    expect((await sync()).code).toBe(0);
    expectAll();
  });
});
