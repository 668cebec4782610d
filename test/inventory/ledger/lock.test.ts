import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { takeLock } from '../../../src/inventory/ledger/lock.ts';
import { checkStateFolder } from '../../../src/inventory/ledger/state-folder.ts';
import { atTheEnd } from '../../kit/endings.ts';
import { folderOfEachTest } from './each-test.ts';

const state = folderOfEachTest();

async function holder(path: string): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'lock-holder.ts');
  const child = spawn(process.execPath, ['--expose-gc', script, path]);
  atTheEnd(() => killed(child));
  await once(child.stdout, 'data');
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

describe('the lock of the state folder', () => {
  it('names the process that holds it', async () => {
    const child = await holder(state.path);
    const expected = `process ${child.pid} on ${hostname()} since `;
    expect(() => takeLock(state.path, 'sync')).toThrow(expect.objectContaining({ code: 'STATE_LOCKED' }));
    expect(() => takeLock(state.path, 'sync')).toThrow(expected);
    expect(() => takeLock(state.path, 'sync')).toThrow('a test that holds the lock');
  });

  it('is free at once when its holder was killed', async () => {
    await killed(await holder(state.path));
    const lock = takeLock(state.path, 'sync');
    lock.release();
  });

  it('is held against the same process too, and a refused second one does not break it', async () => {
    const lock = takeLock(state.path, 'run', () => 0);
    expect(() => takeLock(state.path, 'sync')).toThrow(
      `process ${process.pid} on ${hostname()} since 1970-01-01T00:00:00.000Z: run`,
    );
    const script = join(import.meta.dirname, 'lock-holder.ts');
    const child = spawn(process.execPath, [script, state.path], { stdio: 'ignore' });
    atTheEnd(() => killed(child));
    expect(await once(child, 'exit')).toEqual([1, null]);
    lock.release();
    lock.release();
    takeLock(state.path, 'sync').release();
  });

  it('makes the folder for its owner only', () => {
    const path = join(state.path, 'new', 'state');
    takeLock(path, 'sync').release();
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(statSync(join(path, 'lock.db')).mode & 0o777).toBe(0o600);
  });

  it('says what to set when the folder cannot be used', () => {
    const file = join(state.path, 'file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'state')]) {
      const refused = expect.objectContaining({
        code: 'STATE_UNUSABLE',
        hint: expect.stringContaining('STATE_DIR'),
      });
      expect(() => takeLock(path, 'sync')).toThrow(refused);
      expect(() => checkStateFolder(path)).toThrow(refused);
    }
    expect(() => checkStateFolder(state.path)).not.toThrow();
    expect(readdirSync(state.path)).toEqual(['file']);
  });

  it('is not taken on a file that is something else', () => {
    writeFileSync(join(state.path, 'lock.db'), 'something else '.repeat(100));
    expect(() => takeLock(state.path, 'sync')).toThrow(
      expect.objectContaining({ code: 'STATE_UNUSABLE', hint: expect.stringContaining('delete the file') }),
    );
  });
});
