import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError, failureCode } from '../../errors.ts';
import { makePrivateFolder } from '../../state/private-folder.ts';

const FILE = 'pseudonym.key';
const BYTES = 32;

/**
 * The key of the pseudonyms, made when there is none. Whoever has it can test guesses of names, so it stays in the
 * state folder, readable for the agent's user only; without it everyone gets another pseudonym.
 *
 * @throws AgentError `STATE_UNUSABLE`
 */
export function pseudonymKey(folder: string): Buffer {
  const path = join(folder, FILE);
  try {
    return existing(path) ?? made(folder, path);
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    throw new AgentError('STATE_UNUSABLE', `${path} cannot be read or made (${failureCode(cause)}).`, {
      cause,
      hint: 'Make STATE_DIR a folder that the user of the agent may write to.',
    });
  }
}

/** Whether there is one already. */
export const hasPseudonymKey = (folder: string): boolean => existsSync(join(folder, FILE));

function existing(path: string): Buffer | null {
  try {
    const key = readFileSync(path);
    if (key.length === BYTES) return key;
  } catch (error) {
    if (failureCode(error) === 'ENOENT') return null;
    throw error;
  }
  throw new AgentError(
    'STATE_UNUSABLE',
    `${path} is not the key that the agent made: it has another length.`,
    {
      hint: 'Put the true file back, or remove it: then everyone gets another pseudonym.',
    },
  );
}

/** Written aside and linked, so that two processes agree on one key and none reads half of it. */
function made(folder: string, path: string): Buffer {
  makePrivateFolder(folder);
  const aside = `${path}.${randomUUID()}`;
  writeFileSync(aside, randomBytes(BYTES), { mode: 0o600, flush: true });
  chmodSync(aside, 0o600);
  try {
    linkSync(aside, path);
  } catch (error) {
    if (failureCode(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return existing(path) ?? made(folder, path);
}
