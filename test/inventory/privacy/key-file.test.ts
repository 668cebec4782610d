import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { pseudonymKey } from '../../../src/inventory/privacy/key-file.ts';

const MODULE = new URL('../../../src/inventory/privacy/key-file.ts', import.meta.url).href;

let folder: ReturnType<typeof makeTemporaryFolder>;
beforeEach(() => {
  folder = makeTemporaryFolder('key');
});
afterEach(() => folder.remove());

describe('the key of the pseudonyms', () => {
  it('is made once, random, for its owner only, in a folder that need not be there', () => {
    const state = join(folder.path, 'a', 'state');
    const key = pseudonymKey(state);
    expect(key).toHaveLength(32);
    expect(pseudonymKey(state).equals(key)).toBe(true);
    expect(statSync(join(state, 'pseudonym.key')).mode & 0o777).toBe(0o600);
    expect(statSync(state).mode & 0o077).toBe(0);
    expect(readdirSync(state)).toEqual(['pseudonym.key']);
    expect(pseudonymKey(folder.path).equals(key)).toBe(false);
  });

  it.each([0, 31, 33])('of %d bytes is not the one that was made, and is left as it is', (length) => {
    const path = join(folder.path, 'pseudonym.key');
    writeFileSync(path, Buffer.alloc(length));
    expect(() => pseudonymKey(folder.path)).toThrow(
      expect.objectContaining({ code: 'STATE_UNUSABLE', message: expect.stringContaining(path) }),
    );
    expect(readFileSync(path)).toHaveLength(length);
  });

  it('cannot be made where there is no folder to be had', () => {
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    expect(() => pseudonymKey(file)).toThrow(expect.objectContaining({ code: 'STATE_UNUSABLE' }));
  });

  it('is the same for processes that make it at the same moment', async () => {
    const gate = join(folder.path, 'go');
    const state = join(folder.path, 'state');
    const script = `
      const { pseudonymKey } = await import(${JSON.stringify(MODULE)});
      const { existsSync } = await import('node:fs');
      process.stdout.write('ready ');
      while (!existsSync(${JSON.stringify(gate)})) {}
      process.stdout.write(pseudonymKey(${JSON.stringify(state)}).toString('hex'));`;
    const children = [1, 2, 3].map(() => spawn(process.execPath, ['--input-type=module', '-e', script]));
    const outputs = children.map((child) => {
      let text = '';
      child.stdout.on('data', (chunk) => {
        text += chunk;
      });
      return () => text;
    });
    const ends = children.map((child) => once(child, 'close'));
    await Promise.all(children.map((child) => once(child.stdout, 'data')));
    writeFileSync(gate, '');
    await Promise.all(ends);
    const keys = outputs.map((output) => output().replace('ready ', ''));
    expect(keys[0]).toMatch(/^[\da-f]{64}$/);
    expect(new Set(keys).size).toBe(1);
    expect(existsSync(join(state, 'pseudonym.key'))).toBe(true);
    expect(readdirSync(state)).toEqual(['pseudonym.key']);
  });
});
