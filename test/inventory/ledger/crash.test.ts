import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { folderOfEachTest } from './each-test.ts';
import { expected, ReceiverModel } from './receiver-model.ts';
import { usersOf } from './writer.ts';

const SCRIPT = [join(import.meta.dirname, 'writer.ts')];
const QUIET = '--disable-warning=ExperimentalWarning';
const state = folderOfEachTest();

/** Starts a writer and kills it at its step number `steps`. */
async function killAt(steps: number): Promise<void> {
  const child = spawn(process.execPath, [QUIET, ...SCRIPT, state.path]);
  let seen = 0;
  for await (const chunk of child.stdout) {
    seen += chunk.length;
    if (seen >= steps) child.kill('SIGKILL');
  }
  if (child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

function check(): unknown {
  const db = new DatabaseSync(state.file);
  try {
    return db.prepare('PRAGMA quick_check').get()?.quick_check;
  } finally {
    db.close();
  }
}

/** One more run, to its end: the receiver holds what that one saw. */
function finishAndCompare(): void {
  const last = spawnSync(process.execPath, [QUIET, ...SCRIPT, state.path, '1'], { encoding: 'utf8' });
  expect([last.status, last.stderr]).toEqual([0, '']);
  const number = Number(/run (\d+)/.exec(last.stdout)?.[1]);
  const receiver = new ReceiverModel();
  for (const line of readFileSync(join(state.path, 'received'), 'utf8').split('\n'))
    if (line.endsWith('}')) receiver.take(line);
  const users = usersOf(number);
  expect([...receiver.held].sort()).toEqual(
    [...expected('user', users), ...expected('repository', users)].sort(),
  );
}

describe('a process that is killed', () => {
  it('leaves a sound ledger, and the receiver ends with exactly the right set', async () => {
    for (let kill = 0; kill < 10; kill += 1) {
      await killAt(1 + Math.floor(Math.random() * 60));
      expect(check()).toBe('ok');
    }
    finishAndCompare();
  });
});

describe('a volume without room', () => {
  it('is told, and what was written before is there', () => {
    // SQLite cannot make any file longer than 200 KiB: the system's own limit, as a full disk would be.
    const shell = `trap '' XFSZ; ulimit -f 200; exec "$0" "$@"`;
    const child = spawnSync('bash', ['-c', shell, process.execPath, QUIET, ...SCRIPT, state.path], {
      encoding: 'utf8',
    });
    expect(child.status).toBe(1);
    expect(child.stderr).toMatch(/AgentError: .*ledger\.db cannot be used: .*(full|I\/O)/);
    expect(child.stderr).toMatch(/code: 'STATE_UNUSABLE'/);
    expect(child.stderr).toMatch(/hint: '.*STATE_DIR/);
    expect(check()).toBe('ok');
    finishAndCompare();
  });
});
