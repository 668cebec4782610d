import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bundledPackages, makeDist } from '../../sandbox/build/dist.ts';
import { productionPackages } from '../../sandbox/sbom.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';

const folder = makeTemporaryFolder('dist');
const dist = join(folder.path, 'dist');

describe('the build', () => {
  beforeAll(() => makeDist(dist));
  afterAll(() => folder.remove());

  it('runs where nothing is installed', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const told = execFileSync(process.execPath, [join(dist, 'cli.js'), '--version'], { cwd: folder.path });
    expect(told.toString()).toBe(`${version}\n`);
  });

  it('has the licence of each package that is in it, and nothing that is for development', () => {
    const notices = readFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
    const named = Array.from(notices.matchAll(/^(\S+) (\S+) \((.*)\)\n-{78}\n(.)/gm));
    const packages = named.map(([, name, version]) => `${name}@${version}`);
    const production = productionPackages();
    expect(packages.filter((name) => !production.has(name))).toEqual([]);
    for (const name of ['ws', 'undici', 'express', 'zod', 'winston'])
      expect(packages).toContainEqual(expect.stringMatching(new RegExp(`^${name}@`)));
    expect(notices).toMatch(/Permission is hereby granted/);
  });

  it('leaves out what Node would load for nothing, and what no route takes', () => {
    for (const unwanted of [
      /\("node:http2"\)/,
      /class MockAgent/,
      /class EventSource/,
      /class AggregatorRegistry/,
    ])
      expect(chunks().filter(({ text }) => unwanted.test(text))).toEqual([]);
  });

  it('keeps large chunks one-byte: V8 takes twice the memory where any other character is in one', () => {
    const large = chunks().filter(({ text }) => text.length > 100_000);
    expect(large.length).toBeGreaterThan(3);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of Latin-1 is meant
    expect(large.filter(({ text }) => /[^\x00-\xff]/.test(text)).map(({ name }) => name)).toEqual([]);
  });

  const chunks = () =>
    readdirSync(join(dist, 'chunks'))
      .filter((name) => name.endsWith('.js'))
      .map((name) => ({ name, text: readFileSync(join(dist, 'chunks', name), 'utf8') }));
});

describe('the packages that files are of', () => {
  it.each([
    [['node_modules/ws/lib/receiver.js', 'node_modules/ws/wrapper.mjs', 'src/cli.ts'], ['node_modules/ws']],
    [['node_modules/@so-ric/colorspace/dist/index.js'], ['node_modules/@so-ric/colorspace']],
    [['node_modules/a/node_modules/b/index.js'], ['node_modules/a/node_modules/b']],
    [['left-out:./lib/cluster', 'package.json'], []],
  ])('of %j are %j', (files, packages) => {
    expect(bundledPackages(files)).toEqual(packages);
  });
});
