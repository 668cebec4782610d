import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '../../sandbox/deadline.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { FailureReport } from '../../src/audit/failure-report.ts';
import { verify } from '../../src/audit/verify.ts';
import { CALL, NOON, type Opened, open, recordsIn, rememberingLog } from './stage.ts';

let place: ReturnType<typeof makeTemporaryFolder>;
beforeEach(() => {
  place = makeTemporaryFolder('audit-failures');
});
afterEach(() => place.remove());

const TODAY = '2026-05-04.jsonl';
const today = () => join(place.path, 'agent-1', TODAY);

/** Today's file on a device that is always full. */
function fullDisk(): void {
  mkdirSync(join(place.path, 'agent-1'));
  symlinkSync('/dev/full', today());
}

const worksAgain = ({ trail }: Opened) =>
  until(() => (trail.state().failing === null ? true : undefined), {
    timeoutMs: 10_000,
    what: 'the trail is written again',
  });

const messages = ({ lines }: Opened, level: string) =>
  lines.filter((line) => line.level === level).map(({ message }) => message);

describe('a disk that cannot be written', () => {
  it('is told, and what waited is written when it can be', async () => {
    fullDisk();
    const opened = open(place.path);
    const { trail, lines, settle } = opened;
    for (let count = 0; count < 3; count += 1) {
      trail.call('tunnel', CALL);
      await settle();
    }
    expect(trail.state()).toMatchObject({ failing: 'ENOSPC', written: 0, lost: 0 });
    expect(lines.find(({ message }) => message === 'audit cannot be written')?.fields).toMatchObject({
      code: 'ENOSPC',
      calls: 'go on',
      hint: expect.stringContaining('STATE_DIR'),
    });
    unlinkSync(today());
    await worksAgain(opened);
    expect(trail.state()).toMatchObject({ written: 3, lost: 0 });
    expect(messages(opened, 'error')).toEqual(['audit cannot be written']);
    expect(messages(opened, 'warn')).toEqual(['audit is written again']);
    await trail.close();
    expect((await verify(place.path))[0]).toMatchObject({ broken: null, records: 3 });
  });

  it('is told once a minute', async () => {
    fullDisk();
    let now = Date.parse('2026-05-04T12:00:00.000Z');
    const opened = open(place.path, { now: () => now });
    opened.trail.call('tunnel', CALL);
    await opened.settle();
    const failed = (times: number) =>
      until(() => (opened.trail.state().errors >= times ? true : undefined), {
        timeoutMs: 10_000,
        what: 'another failure',
      });
    await failed(2);
    expect(messages(opened, 'error')).toHaveLength(1);
    now += 61_000;
    await failed(opened.trail.state().errors + 1);
    expect(messages(opened, 'error')).toHaveLength(2);
    unlinkSync(today());
    await opened.trail.close();
  });

  it('costs what does not fit into memory, and a record says how much', async () => {
    fullDisk();
    const { trail, settle } = open(place.path, { mostWaiting: 4_000 });
    for (let count = 0; count < 50; count += 1) trail.call('tunnel', CALL);
    await settle();
    const { lost } = trail.state();
    expect(lost).toBeGreaterThan(30);
    unlinkSync(today());
    await trail.close();
    const records = recordsIn(place.path);
    expect(records).toHaveLength(50 - lost + 1);
    expect(records.at(-1)).toMatchObject({ event: 'lost', records: lost });
    expect((await verify(place.path))[0]?.broken).toBeNull();
  });

  it('may be the folder itself, and then the chain begins when there is one', async () => {
    const folder = join(place.path, 'audit');
    writeFileSync(folder, 'a file');
    const opened = open(folder);
    opened.trail.call('tunnel', CALL);
    await opened.settle();
    expect(opened.trail.state()).toMatchObject({ instance: null, head: null, failing: expect.any(String) });
    rmSync(folder);
    await worksAgain(opened);
    await opened.trail.close();
    expect((await verify(folder))[0]).toMatchObject({ broken: null, records: 1 });
  });

  it('loses nothing that came in one turn while all is well', async () => {
    const { trail } = open(place.path, { mostWaiting: 300_000 });
    for (let count = 0; count < 5_000; count += 1) trail.call('tunnel', CALL);
    await trail.close();
    expect(trail.state()).toMatchObject({ written: 5_000, lost: 0, errors: 0 });
  });

  it('whose file was taken away gets a new one, and verify says what is missing', async () => {
    const { trail, settle } = open(place.path);
    trail.call('tunnel', CALL);
    await settle();
    rmSync(today());
    await until(
      () => {
        trail.call('tunnel', CALL);
        return recordsThere() ? true : undefined;
      },
      { timeoutMs: 10_000, what: 'a new file' },
    );
    await trail.close();
    expect((await verify(place.path))[0]?.broken).toMatchObject({ line: 1, damage: 'removed' });
  });

  it('whose file an editor has written anew is written on, and nothing of it is cut off', async () => {
    const { trail, settle } = open(place.path);
    for (let count = 0; count < 5; count += 1) trail.call('tunnel', CALL);
    await settle();
    const edited = readFileSync(today(), 'utf8').replace('"status":200', '"status":201');
    writeFileSync(`${today()}.new`, edited);
    renameSync(`${today()}.new`, today());
    await until(
      () => {
        trail.call('tunnel', CALL);
        return readFileSync(today(), 'utf8').length > edited.length ? true : undefined;
      },
      { timeoutMs: 10_000, what: 'more records in the new file' },
    );
    await trail.close();
    expect(readFileSync(today(), 'utf8').startsWith(edited)).toBe(true);
    expect((await verify(place.path))[0]?.broken).toMatchObject({ line: 1, damage: 'changed' });
  });

  it('whose folder was taken away gets a new one and a lock on it, and verify says what is missing', async () => {
    const opened = open(join(place.path, 'audit'));
    const { trail, settle } = opened;
    trail.call('tunnel', CALL);
    await settle();
    rmSync(join(place.path, 'audit'), { recursive: true });
    const folder = join(place.path, 'audit', 'agent-1');
    await until(
      () => {
        trail.call('tunnel', CALL);
        return existsSync(join(folder, TODAY)) ? true : undefined;
      },
      { timeoutMs: 10_000, what: 'a new folder' },
    );
    const other = open(join(place.path, 'audit'));
    expect(other.trail.state().instance).toBe('agent-1.2');
    await Promise.all([trail.close(), other.trail.close()]);
    expect((await verify(join(place.path, 'audit')))[0]?.broken).toMatchObject({
      line: 1,
      damage: 'removed',
    });
  });

  it('that fails and works by turns is told once a minute', () => {
    const { log, lines } = rememberingLog();
    let now = NOON;
    const report = new FailureReport(log, 'warn', () => now);
    for (let second = 0; second < 100; second += 1) {
      report.note(Object.assign(new Error(), { code: 'EIO' }), { waiting: 1, lost: 0 });
      report.over({ waiting: 0, lost: 0 });
      now += 1_000;
    }
    expect(lines.map(({ message }) => message)).toEqual([
      'audit cannot be written',
      'audit is written again',
      'audit cannot be written',
      'audit is written again',
    ]);
  });

  const recordsThere = () => {
    try {
      return recordsIn(place.path).length > 0;
    } catch {
      return false;
    }
  };
});

const mounted = (folder: string, command: string, ...args: string[]) =>
  spawnSync(
    'unshare',
    ['-rm', 'sh', '-c', `mount -t tmpfs -o size=256k tmpfs "$0" && ${command}`, folder, ...args],
    { encoding: 'utf8', timeout: 25_000 },
  );

const probe = makeTemporaryFolder('audit-mount');
const mayMount = mounted(probe.path, 'true').status === 0;
probe.remove();
const isRoot = process.getuid?.() === 0;

describe('a small disk of its own', () => {
  (mayMount ? it : it.skip)('is filled, gets room again, and the chain is whole', () => {
    const script = join(import.meta.dirname, 'full-disk.ts');
    const { stdout, stderr } = mounted(place.path, `exec "$1" "$2" "$0"`, process.execPath, script);
    expect(stderr).toBe('');
    const seen = JSON.parse(stdout);
    expect(seen).toMatchObject({ failing: 'ENOSPC', proof: { broken: null, notes: [] } });
    expect(seen.lost).toBeGreaterThan(0);
    expect(seen.proof.records).toBe(seen.calls - seen.lost + 1);
    expect(seen.messages).toEqual(['audit cannot be written', 'audit is written again', 'audit head']);
  });
});

describe("a folder of another user's", () => {
  (isRoot ? it.skip : it)('is passed over for the next', async () => {
    mkdirSync(join(place.path, 'agent-1'));
    chmodSync(join(place.path, 'agent-1'), 0o500);
    const { trail } = open(place.path);
    expect(trail.state()).toMatchObject({ instance: 'agent-1.2', failing: null });
    await trail.close();
  });
});
