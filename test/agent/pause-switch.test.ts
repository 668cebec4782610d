import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeTemporaryFolder, type TemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { PauseSwitch } from '../../src/agent/pause-switch.ts';
import { type Fields, silentLog } from '../../src/log.ts';

const SINCE = Date.parse('2026-11-23T13:26:01.000Z');

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder('pause');
});
afterEach(() => folder.remove());

function start(stateDir = folder.path, follow = false) {
  const lines: { readonly message: string; readonly fields: Fields | undefined }[] = [];
  const events: string[] = [];
  const keep = (message: string, fields?: Fields) => void lines.push({ message, fields });
  const pauseSwitch = new PauseSwitch({
    stateDir,
    follow,
    log: { ...silentLog, warn: keep, error: keep },
    audited: (event) => void events.push(event),
    now: () => SINCE,
  });
  return { pauseSwitch, lines, events };
}

const file = () => join(folder.path, 'paused.json');

describe('the pause switch', () => {
  it('is on at first, and says nothing', () => {
    const { pauseSwitch, lines, events } = start();
    expect([pauseSwitch.paused, pauseSwitch.state]).toEqual([false, { since: null, problem: null }]);
    expect([lines, events, readdirSync(folder.path)]).toEqual([[], [], []]);
  });

  it('stays paused when the agent is started anew, and says so loudly', () => {
    const first = start();
    first.pauseSwitch.pause();
    expect(readFileSync(file(), 'utf8')).toBe('{"pausedAt":"2026-11-23T13:26:01.000Z"}\n');
    expect([readdirSync(folder.path), statSync(file()).mode & 0o777]).toEqual([['paused.json'], 0o600]);
    const { pauseSwitch, lines, events } = start();
    expect(pauseSwitch.state).toEqual({ since: SINCE, problem: null });
    expect(lines).toEqual([
      {
        message: 'relaying is paused, as it was before the start',
        fields: { since: '2026-11-23T13:26:01.000Z', file: file(), hint: expect.stringContaining('503') },
      },
    ]);
    expect(events).toEqual([]);
  });

  it('goes on when it is resumed, also after a start anew', () => {
    const { pauseSwitch, events } = start();
    pauseSwitch.pause();
    pauseSwitch.resume();
    expect([pauseSwitch.paused, existsSync(file())]).toEqual([false, false]);
    expect(events).toEqual(['paused', 'resumed']);
    expect(start().pauseSwitch.paused).toBe(false);
  });

  it('of a process beside the agent goes by that of the agent, at any time', () => {
    const agent = start().pauseSwitch;
    const beside = start(folder.path, true).pauseSwitch;
    const seen = [beside.paused];
    agent.pause();
    seen.push(beside.paused);
    agent.resume();
    seen.push(beside.paused);
    expect(seen).toEqual([false, true, false]);
  });

  it('tells of changes only', () => {
    const { pauseSwitch, events, lines } = start();
    pauseSwitch.resume();
    pauseSwitch.pause();
    pauseSwitch.pause();
    expect(events).toEqual(['paused']);
    expect(lines.map(({ message }) => message)).toEqual(['relaying paused by the operator']);
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{"pausedAt":7e99}',
    '{"pausedAt":"yesterday"}',
    '\0',
  ])('is paused by a file that says %j: that it is there is what counts', (text) => {
    writeFileSync(file(), text);
    const { pauseSwitch } = start();
    expect(pauseSwitch.state.since).toBe(statSync(file()).mtimeMs);
    pauseSwitch.resume();
    expect(existsSync(file())).toBe(false);
  });

  it('makes the state folder when it is not there, for its owner only', () => {
    const stateDir = join(folder.path, 'new', 'state');
    const { pauseSwitch } = start(stateDir);
    pauseSwitch.pause();
    expect(start(stateDir).pauseSwitch.paused).toBe(true);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  });

  it('works where nothing can be kept, and says that it is not kept', () => {
    const stateDir = join(folder.path, 'no-folder');
    writeFileSync(stateDir, 'a file');
    const { pauseSwitch, lines, events } = start(stateDir);
    pauseSwitch.pause();
    expect(pauseSwitch.state).toEqual({
      since: SINCE,
      problem: 'The pause could not be written (ENOTDIR): after a start anew it is over.',
    });
    expect(lines.at(-1)?.message).toBe('pause not kept');
    pauseSwitch.resume();
    expect(pauseSwitch.state.since).toBeNull();
    expect(events).toEqual(['paused', 'resumed']);
  });

  it('says when its file cannot be removed: the next start would be paused', () => {
    mkdirSync(file());
    writeFileSync(join(file(), 'x'), '');
    chmodSync(file(), 0o700);
    const { pauseSwitch } = start();
    expect(pauseSwitch.paused).toBe(true);
    pauseSwitch.resume();
    expect(pauseSwitch.state).toEqual({
      since: null,
      problem: expect.stringMatching(
        /^The pause's file could not be removed \(\w+\): a start anew is paused\.$/,
      ),
    });
    expect(start().pauseSwitch.paused).toBe(true);
  });
});
