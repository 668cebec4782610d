import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { Chain, EMPTY_CHAIN, hashOf } from '../../src/audit/chain.ts';
import { verify } from '../../src/audit/verify.ts';
import { CALL, chainFiles, open, REFUSED } from './stage.ts';

let place: ReturnType<typeof makeTemporaryFolder>;
beforeEach(() => {
  place = makeTemporaryFolder('audit-verify');
});
afterEach(() => place.remove());

const TODAY = '2026-05-04.jsonl';
const today = () => join(place.path, 'agent-1', TODAY);

async function ten(): Promise<string[]> {
  const { trail } = open(place.path);
  for (let count = 1; count <= 10; count += 1) trail.call('tunnel', { ...CALL, path: `/call/${count}` });
  await trail.close();
  return readFileSync(today(), 'utf8').trimEnd().split('\n');
}

const rewrite = (lines: readonly string[]) => writeFileSync(today(), `${lines.join('\n')}\n`);
const broken = async () => (await verify(place.path))[0]?.broken;

describe('verify', () => {
  it('proves a chain and gives its head', async () => {
    const lines = await ten();
    const [proof] = await verify(place.path);
    expect(proof).toMatchObject({ instance: 'agent-1', records: 10, broken: null, notes: [], headSeq: null });
    expect(proof?.head).toBe(hashOf(lines.at(-1) ?? ''));
  });

  it('names a record that was changed', async () => {
    const lines = await ten();
    rewrite(lines.with(4, (lines[4] ?? '').replace('/call/5', '/call/6')));
    expect(await broken()).toMatchObject({ file: TODAY, line: 5, seq: 5, damage: 'changed' });
  });

  it('names a record whose prev or number was changed', async () => {
    const lines = await ten();
    rewrite(lines.with(4, (lines[4] ?? '').replace(/"prev":".{8}/, '"prev":"00000000')));
    expect(await broken()).toMatchObject({ line: 5, seq: 5, damage: 'changed' });
    rewrite(lines.with(4, (lines[4] ?? '').replace('"seq":5', '"seq":2')));
    expect(await broken()).toMatchObject({ line: 5, seq: 2, damage: 'changed' });
    rewrite(lines.with(0, (lines[0] ?? '').replace('"prev":"00', '"prev":"11')));
    expect(await broken()).toMatchObject({ line: 1, seq: 1, damage: 'changed' });
  });

  it('names the place where records are missing', async () => {
    const lines = await ten();
    rewrite(lines.toSpliced(4, 2));
    expect(await broken()).toMatchObject({
      line: 5,
      seq: 7,
      damage: 'removed',
      detail: 'before it, records 5 to 6 are missing',
    });
    rewrite(lines.slice(3));
    expect(await broken()).toMatchObject({ line: 1, seq: 4, damage: 'removed' });
  });

  it('names an inserted record, and two that changed places', async () => {
    const lines = await ten();
    rewrite(lines.toSpliced(4, 0, lines[1] ?? ''));
    expect(await broken()).toMatchObject({ line: 5, seq: 2, damage: 'inserted' });
    rewrite(lines.toSpliced(4, 0, (lines[4] ?? '').replace('/call/5', '/never')));
    expect(await broken()).toMatchObject({ line: 5, seq: 5, damage: 'inserted' });
    rewrite(lines.toSpliced(5, 0, lines[4] ?? ''));
    expect(await broken()).toMatchObject({ line: 6, seq: 5, damage: 'inserted' });
    rewrite(lines.with(4, lines[5] ?? '').with(5, lines[4] ?? ''));
    expect(await broken()).toMatchObject({ line: 5, seq: 6, damage: 'reordered' });
  });

  it('names a line that is no record, and line ends of an editor', async () => {
    const lines = await ten();
    rewrite(lines.with(4, '{"seq":5}'));
    expect(await broken()).toMatchObject({ line: 5, seq: null, damage: 'changed' });
    rewrite(lines.map((line) => `${line}\r`));
    expect(await broken()).toMatchObject({ line: 1, seq: null, damage: 'changed' });
    rewrite(lines.with(4, `${'['.repeat(200_000)}`));
    expect(await broken()).toMatchObject({ line: 5, damage: 'changed' });
    rewrite(lines.with(4, 'x'.repeat(3_000_000)));
    expect(await broken()).toMatchObject({ line: 5, damage: 'changed' });
  });

  it('takes a torn end for what it is, and a file cut in the middle for damage', async () => {
    const lines = await ten();
    appendFileSync(today(), '{"seq":11,"ti');
    const [proof] = await verify(place.path);
    expect(proof).toMatchObject({ broken: null, records: 10 });
    expect(proof?.notes).toEqual([`${TODAY} ends with 13 bytes of a record that was not written whole`]);
    rewrite(lines);
    writeFileSync(join(place.path, 'agent-1', '2026-05-05.jsonl'), '');
    truncateSync(today(), lines.join('\n').length - 5);
    appendFileSync(join(place.path, 'agent-1', '2026-05-05.jsonl'), `${lines[9]}\n`);
    expect(await broken()).toMatchObject({ file: TODAY, line: 10, damage: 'cut' });
  });

  it('sees records cut off at the end only by a head that was noted', async () => {
    const lines = await ten();
    const head = hashOf(lines[9] ?? '');
    expect((await verify(place.path, { head }))[0]).toMatchObject({ broken: null, headSeq: 10 });
    rewrite(lines.slice(0, 8));
    expect((await verify(place.path, { head }))[0]).toMatchObject({ broken: null, headSeq: null });
  });

  it('says nothing where there is nothing', async () => {
    expect(await verify(join(place.path, 'nowhere'))).toEqual([]);
  });
});

describe('a chain', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('call' as const), path: fc.string({ unit: 'binary', maxLength: 40 }) }),
    fc.constant({ kind: 'refused' as const }),
    fc.constant({ kind: 'restart' as const }),
    fc.record({ kind: fc.constant('torn' as const), bytes: fc.integer({ min: 1, max: 600 }) }),
    fc.constant({ kind: 'tomorrow' as const }),
  );

  it('is proven after any calls, restarts, torn ends and days', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const home = makeTemporaryFolder('audit-property');
        try {
          let now = Date.parse('2026-05-04T12:00:00.000Z');
          const start = () => open(home.path, { now: () => now, partBytes: 2_000 });
          let opened = start();
          for (const one of steps) {
            if (one.kind === 'call') opened.trail.call('tunnel', { ...CALL, path: one.path });
            else if (one.kind === 'refused') opened.trail.call('webhook', REFUSED);
            else if (one.kind === 'tomorrow') now += 86_400_000;
            else {
              await opened.trail.close();
              const newest = chainFiles(home.path).at(-1);
              if (one.kind === 'torn' && newest !== undefined) {
                const path = join(home.path, 'agent-1', newest);
                const text = readFileSync(path, 'utf8');
                // Less than the last record, or a part of one that was coming.
                const last = Buffer.byteLength(text.trimEnd().split('\n').at(-1) ?? '') + 1;
                if (one.bytes < last) truncateSync(path, Buffer.byteLength(text) - one.bytes);
                else appendFileSync(path, '{"seq":'.padEnd(one.bytes, 'x'));
              }
              opened = start();
            }
          }
          await opened.trail.close();
          for (const { broken: damage, notes } of await verify(home.path))
            expect({ damage, notes }).toEqual({ damage: null, notes: [] });
        } finally {
          home.remove();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('shows any byte that was changed in its middle', async () => {
    const chain = new Chain(EMPTY_CHAIN);
    const body = (path: string) =>
      `"time":"2026-05-04T12:00:00.000Z","road":"tunnel","method":"GET","path":${JSON.stringify(path)},"ruleId":null,"reason":"x"`;
    const { trail } = open(place.path);
    trail.event('started');
    await trail.close();
    const intact = Buffer.from(
      Array.from({ length: 8 }, (_, at) => `${chain.link(body(`/ü/${at}`))}\n`).join(''),
    );
    const lastLine = intact.lastIndexOf(10, intact.length - 2) + 1;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: lastLine - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const bytes = Buffer.from(intact);
          bytes[at] = (bytes[at] ?? 0) ^ change;
          writeFileSync(today(), bytes);
          expect(await broken()).not.toBeNull();
        },
      ),
      { numRuns: 300 },
    );
    writeFileSync(today(), intact);
    expect(await broken()).toBeNull();
  });
});
