import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { createScreen } from '../../src/commands/screen.ts';
import { AgentError } from '../../src/errors.ts';

/** What a screen writes, with the least that a terminal has. */
function output() {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const tty = Object.assign(stream, { isTTY: true, columns: 100, rows: 30 });
  return { stream: tty as unknown as NodeJS.WriteStream, text: () => text };
}

describe.each([true, false])('the screen, on a terminal: %j', (onTerminal) => {
  it('shows how far each stage is, what was skipped and noted, and what became of batches', () => {
    const { stream, text } = output();
    const screen = createScreen(stream, onTerminal);
    screen.note('No rule allows GET /users.');
    screen.progress('users', 500, null);
    screen.progress('repositories', 1_000, 1_200);
    screen.progress('users', 1_434, null);
    screen.progress('repositories', 1_300, 1_200);
    screen.skipped({ type: 'user', what: 'user 17', reason: 'no-name' });
    screen.progress('delivery', 0, 1_500);
    screen.delivery({ kind: 'acknowledged', sequence: 1, size: 500, sent: 500 });
    screen.delivery({ kind: 'again', sequence: 2, tries: 1, waitMs: 1_500, status: 503, error: null });
    const error = new AgentError('TUNNEL_CLOSED', 'The tunnel is not open.');
    screen.delivery({ kind: 'again', sequence: 2, tries: 2, waitMs: 900, status: null, error });
    screen.delivery({ kind: 'halved', sequence: 2, size: 500 });
    screen.delivery({ kind: 'parked', sequence: 3, size: 250, status: 422, text: 'too long' });
    screen.progress('delivery', 1_250, 1_500);
    screen.close();
    const shown = stripVTControlCharacters(text());
    for (const line of [
      'No rule allows GET /users.',
      'skipped: user 17 (no-name)',
      'batch 2: status 503; again in 1.5 s (try 2)',
      'batch 2: The tunnel is not open.; again in 0.9 s (try 3)',
      'batch 2: too large for the receiver, halved',
      'batch 3: refused for good with status 422: too long',
    ])
      expect(shown).toContain(line);
    expect(shown).toMatch(onTerminal ? /users read +█+ +1434/ : /^users read: 1434$/m);
    expect(shown).toMatch(
      onTerminal ? /entities sent +█+░+ +1250 of 1500/ : /^entities sent: 1250 of 1500$/m,
    );
    expect(shown).not.toContain('batch 1');
  });
});

it.each([true, false])('shows nothing that steers a terminal, on a terminal: %j', (onTerminal) => {
  const { stream, text } = output();
  const screen = createScreen(stream, onTerminal);
  screen.skipped({
    type: 'project',
    what: `project X\u001b]0;\nall well${'x'.repeat(9_000)}`,
    reason: 'odd-key',
  });
  const refused = { kind: 'parked', sequence: 3, size: 250, status: 422 } as const;
  screen.delivery({ ...refused, text: 'no\u001b[2J\nall well' });
  screen.close();
  expect(text()).toContain('skipped: project X\uFFFD]0;\uFFFDall wellxxx');
  expect(text()).toContain('status 422: no\uFFFD[2J\uFFFDall well');
  expect(text()).not.toContain('x'.repeat(200));
});

it('writes plain lines without control characters', () => {
  const { stream, text } = output();
  const screen = createScreen(stream, false);
  screen.progress('users', 3, null);
  screen.close();
  expect(text()).toBe('users read: 3\n');
});

it('says of a dry run what would be sent', () => {
  const { stream, text } = output();
  const screen = createScreen(stream, false, true);
  screen.progress('delivery', 3, 3);
  screen.close();
  expect(text()).toBe('entities to be sent: 3 of 3\n');
});
