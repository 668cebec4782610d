import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { LONGEST_LINE_BYTES, linesBackwards, linesOf } from '../../src/audit/lines.ts';
import { pathShape } from '../../src/audit/path-shape.ts';
import { marksOf, newest, writtenSince } from '../../src/audit/read.ts';
import { isCall } from '../../src/audit/stored-record.ts';
import { readUsage } from '../../src/audit/usage.ts';
import { CALL, DAY_MS, NOON, open, REFUSED } from './stage.ts';

let place: ReturnType<typeof makeTemporaryFolder>;
beforeEach(() => {
  place = makeTemporaryFolder('audit-read');
});
afterEach(() => place.remove());

async function recorded(host: string, day: number, calls: readonly (typeof CALL)[]): Promise<void> {
  const now = NOON + day * DAY_MS;
  const { trail } = open(place.path, { host, now: () => now });
  for (const call of calls) trail.call('tunnel', call);
  await trail.close();
}

async function forwards(path: string): Promise<string[]> {
  const all: string[] = [];
  for await (const lines of linesOf(path))
    all.push(...lines.map(({ bytes, whole }) => `${bytes}${whole ? '$' : ''}`));
  return all;
}

describe('lines', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a$']],
    ['\n\na\n', ['$', '$', 'a$']],
    ['a\nb', ['a$', 'b']],
    [
      `${'x'.repeat(600_000)}\n${'y'.repeat(300_000)}\nz`,
      [`${'x'.repeat(600_000)}$`, `${'y'.repeat(300_000)}$`, 'z'],
    ],
  ])('are the same from both ends: %#', async (text, expected) => {
    const path = join(place.path, 'file');
    writeFileSync(path, text);
    expect(await forwards(path)).toEqual(expected);
    const backwards = [...linesBackwards(path)].map(({ bytes, whole }) => `${bytes}${whole ? '$' : ''}`);
    expect(backwards.reverse()).toEqual(expected);
  });

  it('that are too long are held in part only, and are as long as they are', async () => {
    const path = join(place.path, 'file');
    writeFileSync(path, `a\n${'x'.repeat(5_000_000)}y`);
    const [long, first] = [...linesBackwards(path)];
    expect(long).toMatchObject({ whole: false, length: 5_000_001 });
    expect(long?.bytes.length).toBeLessThan(2_000_000);
    expect(long?.bytes.length).toBeGreaterThan(LONGEST_LINE_BYTES);
    expect(first).toMatchObject({ whole: true, bytes: Buffer.from('a') });
  });

  it('of a file that is gone are none', async () => {
    expect(await forwards(join(place.path, 'gone'))).toEqual([]);
    expect([...linesBackwards(join(place.path, 'gone'))]).toEqual([]);
  });
});

describe('the newest records', () => {
  it('come from all chains and files, in the order of time', async () => {
    await recorded('one', 0, [{ ...CALL, path: '/1' }]);
    await recorded('two', 1, [REFUSED, { ...CALL, path: '/2' }]);
    await recorded('one', 2, [{ ...CALL, path: '/3' }, REFUSED]);
    const paths = (count: number, options = {}) =>
      newest(place.path, count, options).map(({ record }) => (isCall(record) ? record.path : ''));
    expect(paths(10)).toEqual(['/1', '/admin/license', '/2', '/3', '/admin/license']);
    expect(paths(2)).toEqual(['/3', '/admin/license']);
    expect(paths(10, { instance: 'two' })).toEqual(['/admin/license', '/2']);
    expect(paths(10, { wanted: (record: object) => !('code' in record) })).toEqual(['/1', '/2', '/3']);
  });

  it('are followed into new files and new chains, and a half line is waited for', async () => {
    await recorded('one', 0, [CALL]);
    const marks = marksOf(place.path);
    const since = async () => {
      const seen: string[] = [];
      for await (const { instance, record } of writtenSince(place.path, marks))
        seen.push(`${instance} ${record.seq}`);
      return seen;
    };
    expect(await since()).toEqual([]);
    await recorded('one', 0, [CALL]);
    await recorded('one', 1, [CALL]);
    await recorded('two', 1, [CALL]);
    expect((await since()).sort()).toEqual(['one 2', 'one 3', 'two 1']);
    const file = join(place.path, 'two', '2026-05-05.jsonl');
    const line = JSON.stringify({ seq: 2, time: '2026-05-05T12:00:00.000Z', event: 'paused', prev: '' });
    appendFileSync(file, line.slice(0, 20));
    expect(await since()).toEqual([]);
    appendFileSync(file, `${line.slice(20)}\n`);
    expect(await since()).toEqual(['two 2']);
  });
});

describe('usage', () => {
  it('counts hits by rule and refused calls by kind, over all chains', async () => {
    const call = (ruleId: string) => ({ ...CALL, ruleId });
    await recorded('one', 0, [
      call('users'),
      call('repos'),
      { ...REFUSED, path: '/projects/A/repos/b/browse/x/y' },
    ]);
    await recorded('two', 3, [call('users'), { ...REFUSED, path: '/projects/C/repos/d/browse/z' }, REFUSED]);
    appendFileSync(
      join(place.path, 'two', '2026-05-07.jsonl'),
      'nonsense\n{"seq":1,"time":"never","prev":""}\n',
    );
    const usage = await readUsage(place.path, { now: NOON + 3 * DAY_MS });
    expect(usage).toMatchObject({
      from: '2026-05-04T12:00:00.000Z',
      to: '2026-05-07T12:00:00.000Z',
      records: 6,
    });
    expect([...usage.hits]).toEqual([
      ['users', { hits: 2, lastAt: NOON + 3 * DAY_MS }],
      ['repos', { hits: 1, lastAt: NOON }],
    ]);
    expect(usage.refused).toMatchObject([
      {
        method: 'GET',
        shape: '/projects/{project}/repos/{repository}/browse/{path}',
        reason: 'no-rule',
        count: 2,
      },
      { shape: '/admin/license', count: 1 },
    ]);
    const today = await readUsage(place.path, { now: NOON + 3 * DAY_MS, days: 1 });
    expect([...today.hits.keys()]).toEqual(['users']);
  });

  it.each([
    ['/projects', '/projects'],
    ['/projects/', '/projects/'],
    [
      '/rest/api/1.0/projects/~jane/repos/a.b/pull-requests/12/changes',
      '/rest/api/1.0/projects/{project}/repos/{repository}/pull-requests/{number}/changes',
    ],
    ['/webhook/bitbucket-server/9f1c2a34-8d1e', '/webhook/bitbucket-server/{id}'],
    ['/x/0123456789abcdef/y/77', '/x/{id}/y/{id}'],
    ['/constructor/__proto__', '/constructor/__proto__'],
    [`/${'a/'.repeat(200)}`, `${'/a'.repeat(11)}/{path}`],
  ])('takes ids and names out of %s', (path, shape) => {
    expect(pathShape(path)).toBe(shape);
  });
});
