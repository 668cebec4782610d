import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createEssentialsReceiver } from '../../sandbox/essentials-receiver.ts';
import { type Receiver, startReceiver } from '../../sandbox/receiver.ts';
import { bodyOf, type CommandStage, filesIn, startCommandStage, told } from './command.ts';
import { heldBy } from './inventory-truth.ts';

let desk: CommandStage;
const places: Receiver[] = [];
beforeAll(async () => {
  desk = await startCommandStage();
});
afterEach(() => Promise.all(places.splice(0).map((place) => place.close())));
afterAll(() => desk?.close());

/** Another place that takes batches, by https. */
async function otherPlace() {
  const place = await startReceiver();
  places.push(place);
  const model = createEssentialsReceiver({ received: place.received });
  place.respond(model.respond);
  const env = { ESSENTIALS_DELIVERY: 'https', ESSENTIALS_URL: `${place.url}/batches` };
  return { model, env };
}

const OTHER = /was sent to another receiver or under another profile/;

describe('another receiver', () => {
  it('gets everything, and the same one by another path through the tunnel does not', async () => {
    const bench = desk.fresh();
    const { model, env } = await otherPlace();
    const run = (more: Readonly<Record<string, string>> = {}) => bench.ended(['sync', '--once'], more);
    expect((await run()).code).toBe(0);
    const moved = await run(env);
    expect({ code: moved.code, output: moved.output }).toEqual({
      code: 0,
      output: expect.stringMatching(OTHER),
    });
    expect(heldBy(model)).toEqual(heldBy(bench.receiver));
    expect((await run({ ESSENTIALS_DELIVERY: 'off' })).output).not.toMatch(OTHER);
    expect(told((await run(env)).output, 'sent')).toBe('0');
    const back = await run();
    expect(back.output).toMatch(OTHER);
    expect(told((await run({ ESSENTIALS_PATH: '/another/path' })).output, 'sent')).toBe('0');
    expect([model.problems, bench.receiver.problems]).toEqual([[], []]);
  });

  it('is one with another profile: its runs are under one name, what waited for the old one is dropped', async () => {
    const bench = desk.fresh();
    desk.stage.receiver.respond(() => ({ status: 401, body: '{"code":"FILTER_BLOCKED"}' }));
    expect((await bench.sync()).code).toBe(3);
    desk.stage.receiver.respond(bench.receiver.respond);
    const { code } = await bench.ended(['sync', '--once'], { PROFILE_NAME: 'second' });
    expect(code).toBe(0);
    expect(new Set(bench.receiver.batches.map(({ profile }) => profile))).toEqual(new Set(['second']));
    expect(bench.receiver.problems).toEqual([]);
  });

  it('gets in a rehearsal what it would get', async () => {
    const bench = desk.fresh();
    await bench.sync();
    const out = join(bench.stateDir, 'out');
    const rehearsed = await bench.ended(['sync', '--dry-run', '--out', out], { PROFILE_NAME: 'second' });
    expect({ ...rehearsed }).toMatchObject({ code: 0, output: expect.stringMatching(OTHER) });
    expect(told((await bench.sync()).output, 'sent')).toBe('0');
  });
});

describe('batches that an earlier run has parked', () => {
  it('show, with exit code 4, until a run has read their members again', async () => {
    const bench = desk.fresh();
    await bench.sync();
    desk.stage.receiver.respond((request) =>
      bodyOf(request).data.some(({ type }: { type: string }) => type === 'repository')
        ? { status: 422, body: 'no repositories today' }
        : bench.receiver.respond(request),
    );
    const parked = /^parked +batch 1 \(33 entities\), status 422: no repositories today$/m;
    const shown = async (...args: string[]) => {
      const { code, output } = await bench.sync(...args);
      return [code, parked.test(output)];
    };
    expect(await shown('--full', '--only', 'repositories')).toEqual([4, true]);
    expect(await shown('--only', 'users')).toEqual([4, true]);
    desk.stage.bitbucket.faults.add({ match: '/rest/api/1.0/projects', kind: 'login-page' });
    expect(await shown('--only', 'repositories')).toEqual([3, true]);
    desk.stage.bitbucket.faults.clear();
    expect(await shown('--only', 'users')).toEqual([4, true]);
    desk.stage.receiver.respond(bench.receiver.respond);
    expect(await shown('--only', 'repositories')).toEqual([0, false]);
    expect(bench.receiver.problems).toEqual([]);
  });
});

describe('a rehearsal that is killed', () => {
  it('leaves its copy in STATE_DIR, and the next run removes it', async () => {
    const bench = desk.fresh();
    await bench.sync();
    const { bitbucket } = desk.stage;
    bitbucket.requests.length = 0;
    bitbucket.faults.add({ match: '/rest/api/1.0/admin/users', kind: 'hang' });
    const arrival = bitbucket.arrival(({ url }) => url.includes('/admin/users'));
    const dryRun = await bench.begin(['sync', '--dry-run', '--out', join(bench.stateDir, 'out')]);
    await arrival;
    const left = () => readdirSync(bench.stateDir).filter((name) => name.startsWith('rehearsal-'));
    const [folder = ''] = left();
    expect(statSync(join(bench.stateDir, folder)).mode & 0o777).toBe(0o700);
    expect(existsSync(join(bench.stateDir, folder, 'ledger.db'))).toBe(true);
    // The lock of the state folder is free, and the rehearsal goes on beside a run.
    const beside = bench.begin(['sync', '--once', '--only', 'repositories']);
    expect((await (await beside).exited).code).toBe(0);
    expect(left()).toEqual([folder]);
    dryRun.terminate('SIGKILL');
    await dryRun.exited;
    expect(left()).toEqual([folder]);
    bitbucket.faults.clear();
    const { code } = await bench.ended(['sync', '--once'], { OMIT_FIELDS: 'user.email' });
    expect(code).toBe(0);
    expect(left()).toEqual([]);
  });
});

describe('a damaged ledger of settings that are not known', () => {
  it('is not kept, and the run says so', async () => {
    const bench = desk.fresh();
    await bench.sync();
    const file = join(bench.stateDir, 'ledger.db');
    writeFileSync(file, readFileSync(file).subarray(0, -4096));
    const { code, output } = await bench.ended(['sync', '--once'], { OMIT_FIELDS: 'user.email' });
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/broken; it was not kept/),
    });
    const texts = Object.values(filesIn(bench.stateDir)).map((bytes) => bytes.toString('latin1'));
    expect(texts.join()).not.toMatch(/"email":"[^"]+@/);
    expect(Object.keys(filesIn(bench.stateDir)).filter((name) => name.includes('corrupt'))).toEqual([]);
    expect(bench.receiver.problems).toEqual([]);
  });
});
