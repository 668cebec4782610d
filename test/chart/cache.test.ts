import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { cached } from './cache.ts';

let folder: ReturnType<typeof makeTemporaryFolder>;
let cache: string;

beforeEach(() => {
  folder = makeTemporaryFolder('chart-cache');
  cache = join(folder.path, 'chart');
});
afterEach(() => folder.remove());

const write = async (place: string) => writeFileSync(join(place, 'helm'), 'whole');
const content = (place: string) => readFileSync(join(place, 'helm'), 'utf8');

describe('the cache of programs and schemas', () => {
  it('makes a folder once', async () => {
    let made = 0;
    const make = (place: string) => {
      made++;
      return write(place);
    };
    const first = await cached({ kind: 'tools', key: 'a', cache }, make);
    expect(await cached({ kind: 'tools', key: 'a', cache }, make)).toBe(first);
    expect([made, content(first)]).toEqual([1, 'whole']);
  });

  it('lets go of an older one of its kind, and of no other', async () => {
    await cached({ kind: 'schemas', key: 'a', cache }, write);
    await cached({ kind: 'tools', key: 'a', cache }, write);
    await cached({ kind: 'tools', key: 'b', cache }, write);
    expect(readdirSync(cache).sort()).toEqual(['schemas-a', 'tools-b']);
  });

  it('leaves nothing of a making that failed', async () => {
    const failing = async (place: string) => {
      await write(place);
      throw new Error('no network');
    };
    await expect(cached({ kind: 'tools', key: 'a', cache }, failing)).rejects.toThrow('no network');
    expect(readdirSync(cache)).toEqual([]);
  });

  it('clears away what a run has left that was broken off, and nothing of one that goes on', async () => {
    const { pid: ended } = spawnSync(process.execPath, ['-e', '0']);
    const others = [`unfinished-${ended}-tools-a`, `unfinished-${process.ppid}-tools-a`];
    for (const other of others) mkdirSync(join(cache, other), { recursive: true });
    await cached({ kind: 'tools', key: 'a', cache }, write);
    expect(others.map((other) => existsSync(join(cache, other)))).toEqual([false, true]);
  });

  it('keeps the first of two runs that make the same', async () => {
    const place = { kind: 'tools', key: 'a', cache };
    const first = await cached(place, async (mine) => {
      mkdirSync(join(cache, 'tools-a'), { recursive: true });
      writeFileSync(join(cache, 'tools-a', 'helm'), 'the other one');
      await write(mine);
    });
    expect([content(first), readdirSync(cache)]).toEqual(['the other one', ['tools-a']]);
  });
});
