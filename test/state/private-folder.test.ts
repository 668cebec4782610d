import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { makePrivateFolder } from '../../src/state/private-folder.ts';

let place: ReturnType<typeof makeTemporaryFolder>;
beforeEach(() => {
  place = makeTemporaryFolder('private');
});
afterEach(() => place.remove());

describe('a private folder', () => {
  it('is made with those above it, for their owner only; once more changes nothing', () => {
    const folder = join(place.path, 'a', 'b', 'c');
    makePrivateFolder(folder);
    makePrivateFolder(folder);
    for (const one of [folder, join(folder, '..'), join(folder, '..', '..')])
      expect(statSync(one).mode & 0o777).toBe(0o700);
  });

  it('may be named from the working folder', () => {
    const folder = join(place.path, 'there');
    makePrivateFolder(relative(process.cwd(), folder));
    expect(existsSync(folder)).toBe(true);
  });

  it('cannot be made below a file', () => {
    writeFileSync(join(place.path, 'file'), '');
    expect(() => makePrivateFolder(join(place.path, 'file', 'a', 'b'))).toThrow(/ENOTDIR/);
  });

  it.each([
    '/proc/no-such-thing',
    '/proc/no/such/thing',
  ])('fails at %s, and does not try for ever', (folder) => {
    expect(() => makePrivateFolder(folder)).toThrow(/ENOENT/);
  });
});
