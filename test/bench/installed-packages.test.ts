import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { bytesOfPackage, type Lockfile, neededBy } from '../../bench/installed-packages.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';

describe('the packages that a program needs', () => {
  it('are those of this project that the lock file does not call development ones', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile;
    const production = Object.entries(lock.packages).filter(
      ([place, { dev }]) => place !== '' && dev !== true,
    );
    expect([...neededBy(lock, '')].sort()).toEqual(production.map(([place]) => place).sort());
  });

  it('are looked for upwards, each is found once, and a circle ends', () => {
    const packages = {
      '': { dependencies: { one: '1' } },
      'node_modules/one': { dependencies: { two: '2', three: '3' } },
      'node_modules/one/node_modules/two': { dependencies: { three: '3' } },
      'node_modules/two': {},
      'node_modules/three': { dependencies: { one: '1' }, peerDependencies: { '@four/five': '4' } },
      'node_modules/@four/five': {},
    };
    const expected = ['one', 'one/node_modules/two', 'three', '@four/five'].map(
      (name) => `node_modules/${name}`,
    );
    expect([...neededBy({ packages }, '')].sort()).toEqual(expected.sort());
    expect(neededBy({ packages }, 'node_modules/one')).not.toContain('node_modules/one');
  });

  it('may lack an optional one, and no other', () => {
    const optional = { '': { optionalDependencies: { one: '1' }, dependencies: { one: '1' } } };
    expect([...neededBy({ packages: optional }, '')]).toEqual([]);
    expect(() => neededBy({ packages: { '': { dependencies: { one: '1' } } } }, '')).toThrow('needs one');
  });
});

describe('the bytes of a package', () => {
  it('are those of its files, without the packages inside it and what its links lead to', () => {
    const folder = makeTemporaryFolder('package');
    try {
      mkdirSync(join(folder.path, 'lib'));
      mkdirSync(join(folder.path, 'node_modules', 'other'), { recursive: true });
      writeFileSync(join(folder.path, 'index.js'), 'x'.repeat(10));
      writeFileSync(join(folder.path, 'lib', 'more.js'), 'x'.repeat(300));
      writeFileSync(join(folder.path, 'node_modules', 'other', 'index.js'), 'x'.repeat(5000));
      symlinkSync('lib/more.js', join(folder.path, 'link'));
      expect(bytesOfPackage(folder.path)).toBe(310 + 'lib/more.js'.length);
    } finally {
      folder.remove();
    }
  });
});
