import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { takeLock } from '../../../src/inventory/ledger/lock.ts';
import { clearRehearsals, openRehearsal } from '../../../src/inventory/ledger/rehearsal.ts';
import { folderOfEachTest } from './each-test.ts';
import { open, read, run } from './stage.ts';

const state = folderOfEachTest();

const rehearsals = () => readdirSync(state.path).filter((name) => name.startsWith('rehearsal-'));

describe('a rehearsal', () => {
  it('has a copy of the ledger in a folder for its owner only, and takes it away', () => {
    const ledger = state.open();
    run(ledger, { 1: 'a' }, {});
    const rehearsal = openRehearsal(state.path, 'sync --dry-run');
    expect(statSync(rehearsal.folder).mode & 0o777).toBe(0o700);
    expect(rehearsals()).toHaveLength(1);
    const copy = open(rehearsal.folder);
    expect(run(copy, { 1: 'b' }, {})).toEqual(['user 1 "b"']);
    copy.close();
    rehearsal.end();
    expect(rehearsals()).toEqual([]);
    read(ledger, { 1: 'a' }, {});
    expect(ledger.recordOf(1)).toBeNull();
    ledger.close();
  });

  it('needs no ledger, and no lock once it has begun', () => {
    const rehearsal = openRehearsal(state.path, 'sync --dry-run');
    takeLock(state.path, 'run').release();
    expect(existsSync(join(rehearsal.folder, 'ledger.db'))).toBe(false);
    rehearsal.end();
  });

  it('does not begin while a run writes', () => {
    const lock = takeLock(state.path, 'run');
    expect(() => openRehearsal(state.path, 'sync --dry-run')).toThrow(
      expect.objectContaining({ code: 'STATE_LOCKED' }),
    );
    expect(rehearsals()).toEqual([]);
    lock.release();
  });

  it('that is going on is left alone, one that was killed is cleared up', async () => {
    const killed = join(state.path, 'rehearsal-killed');
    mkdirSync(killed);
    writeFileSync(join(killed, 'ledger.db'), 'ada@example');
    const script = join(import.meta.dirname, 'lock-holder.ts');
    const living = join(state.path, 'rehearsal-living');
    const child = spawn(process.execPath, [script, living]);
    await once(child.stdout, 'data');
    clearRehearsals(state.path);
    expect(rehearsals()).toEqual(['rehearsal-living']);
    child.kill('SIGKILL');
    await once(child, 'exit');
    openRehearsal(state.path, 'sync --dry-run').end();
    expect(rehearsals()).toEqual([]);
  });

  it('that was killed is cleared up even when its lock cannot be taken for a lock', () => {
    mkdirSync(join(state.path, 'rehearsal-odd'));
    writeFileSync(join(state.path, 'rehearsal-odd', 'lock.db'), 'something else '.repeat(100));
    clearRehearsals(state.path);
    expect(rehearsals()).toEqual([]);
  });
});
