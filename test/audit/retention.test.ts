import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { hashOf } from '../../src/audit/chain.ts';
import { verify } from '../../src/audit/verify.ts';
import { CALL, chainFiles, DAY_MS, NOON, open, recordsIn } from './stage.ts';

let place: ReturnType<typeof makeTemporaryFolder>;
beforeEach(() => {
  place = makeTemporaryFolder('audit-retention');
});
afterEach(() => place.remove());

/** A process that records some calls on a day and ends. */
async function day(
  number: number,
  how: { host?: string; days?: number; maxBytes?: number; calls?: number } = {},
) {
  const { host = 'agent-1', days = 90, maxBytes = 2 ** 30, calls = 3 } = how;
  const now = NOON + number * DAY_MS;
  const { trail, settle } = open(place.path, { host, now: () => now }, { retentionDays: days, maxBytes });
  for (let count = 0; count < calls; count += 1) trail.call('tunnel', CALL);
  await settle();
  await trail.close();
}

const retentionIn = (instance?: string) =>
  recordsIn(place.path, instance).filter(({ event }) => event === 'retention');

describe('retention', () => {
  it('removes files by age, and the chain is proven without them', async () => {
    for (const number of [0, 1, 2, 3]) await day(number);
    await day(4, { days: 2 });
    expect(chainFiles(place.path)).toEqual(['2026-05-06.jsonl', '2026-05-07.jsonl', '2026-05-08.jsonl']);
    expect(retentionIn()).toMatchObject([
      { instance: 'agent-1', file: '2026-05-04.jsonl', why: 'age', lastSeq: 3 },
      { instance: 'agent-1', file: '2026-05-05.jsonl', why: 'age', lastSeq: 6 },
    ]);
    const [proof] = await verify(place.path);
    expect(proof).toMatchObject({ broken: null, firstSeq: 7 });
    expect(proof?.notes).toEqual(['records up to 6 were removed by retention']);
  });

  it('removes the oldest files when all are too large together', async () => {
    for (const number of [0, 1, 2, 3]) await day(number, { calls: 20 });
    const size = statSync(join(place.path, 'agent-1', '2026-05-04.jsonl')).size;
    await day(4, { maxBytes: Math.round(size * 2.5) });
    expect(chainFiles(place.path)).toEqual(['2026-05-06.jsonl', '2026-05-07.jsonl', '2026-05-08.jsonl']);
    expect(retentionIn().map(({ why }) => why)).toEqual(['size', 'size']);
    expect((await verify(place.path))[0]?.broken).toBeNull();
  });

  it('never removes the file that is written to', async () => {
    await day(0, { calls: 20, maxBytes: 1 });
    await day(0, { calls: 1, maxBytes: 1 });
    expect((await verify(place.path))[0]).toMatchObject({ broken: null, records: 21 });
  });

  it('clears up chains that no process holds, folder and all', async () => {
    await day(0, { host: 'gone' });
    await day(1, { host: 'gone-later' });
    await day(4, { host: 'gone-later' });
    await day(5, { days: 2 });
    expect(readdirSync(place.path).sort()).toEqual(['agent-1', 'gone-later']);
    expect(retentionIn()).toMatchObject([{ instance: 'gone' }, { instance: 'gone-later' }]);
    const proofs = await verify(place.path);
    expect(proofs.map(({ broken }) => broken)).toEqual([null, null]);
    expect((await verify(place.path, { instance: 'gone-later' }))[0]?.broken).toBeNull();
  });

  it('leaves chains alone that another process holds', async () => {
    const other = open(place.path, { host: 'other' });
    other.trail.call('tunnel', CALL);
    await other.settle();
    await day(30, { days: 2 });
    expect(existsSync(join(place.path, 'other', '2026-05-04.jsonl'))).toBe(true);
    await other.trail.close();
    await day(30, { days: 2 });
    expect(existsSync(join(place.path, 'other'))).toBe(false);
  });

  it('leaves what is not a chain alone', async () => {
    mkdirSync(join(place.path, 'Notes of mine'));
    mkdirSync(join(place.path, '.hidden'));
    await day(0, { days: 1 });
    await day(9, { days: 1 });
    expect(existsSync(join(place.path, 'Notes of mine'))).toBe(true);
    expect(existsSync(join(place.path, '.hidden'))).toBe(true);
  });

  it('is believed only in a chain that holds', async () => {
    await day(0, { host: 'other' });
    for (const number of [0, 1]) await day(number);
    const first = join(place.path, 'agent-1', '2026-05-04.jsonl');
    const lastHash = hashOf(readFileSync(first, 'utf8').trimEnd().split('\n').at(-1) ?? '');
    rmSync(first);
    const forged = { time: '2026-05-04T12:00:00.000Z', event: 'retention', instance: 'agent-1', lastSeq: 3 };
    const line = JSON.stringify({ seq: 4, ...forged, lastHash, rules: 'x', prev: 'f'.repeat(64) });
    appendFileSync(join(place.path, 'other', '2026-05-04.jsonl'), `${line}\n`);
    const [proof] = await verify(place.path, { instance: 'agent-1' });
    expect(proof?.broken).toMatchObject({ line: 1, seq: 4, damage: 'removed' });
  });

  it('goes on where a chain or a file beside cannot be read', async () => {
    await day(0);
    await day(0, { host: 'odd' });
    symlinkSync('loop', join(place.path, 'loop'));
    symlinkSync(place.path, join(place.path, 'odd', '2026-05-03.jsonl'));
    await day(9, { days: 2 });
    expect(chainFiles(place.path)).toEqual(['2026-05-13.jsonl']);
    expect(existsSync(join(place.path, 'odd', '2026-05-04.jsonl'))).toBe(true);
  });

  it('is told from a file that somebody removed', async () => {
    for (const number of [0, 1, 2]) await day(number);
    rmSync(join(place.path, 'agent-1', '2026-05-04.jsonl'));
    expect((await verify(place.path))[0]?.broken).toMatchObject({
      file: '2026-05-05.jsonl',
      line: 1,
      seq: 4,
      damage: 'removed',
    });
  });
});
