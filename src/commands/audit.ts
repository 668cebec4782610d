import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readingPlace } from '../config/reading-place.ts';
import { AgentError, ConfigError, failureCode } from '../errors.ts';
import { shownText } from '../shown-text.ts';
import { type TailOptions, tail } from './audit/tail.ts';
import { type UsageCommand, usage } from './audit/usage.ts';
import { type VerifyCommand, verifyTrail } from './audit/verify.ts';
import { EXIT, ending } from './ending.ts';

const LONGEST_PATH = 500;

interface Place {
  readonly stateDir?: string;
}

/** `bitbucket-agent audit verify`: exit code 0: every chain is proven; 1: one is broken; 2: nothing to read. */
export const auditVerify = (options: VerifyCommand & Place): Promise<void> =>
  ending(() => legibly(() => verifyTrail(folderOf(options), options)), EXIT.defect);

/** `bitbucket-agent audit tail`: the newest records, and those to come with `--follow`. */
export const auditTail = (options: TailOptions & Place): Promise<void> =>
  ending(() => legibly(() => tail(folderOf(options), options)), EXIT.defect);

/** `bitbucket-agent audit usage`: which rules are used, which are not, and what is refused. */
export const auditUsage = (options: UsageCommand & Place): Promise<void> =>
  ending(() => legibly(() => usage(folderOf(options), options, () => readingPlace().accept())), EXIT.defect);

/** A folder or a file that this user may not read is no defect. @throws AgentError `STATE_UNUSABLE` for it */
async function legibly(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    const { syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const what = path === undefined ? 'The audit trail' : shownText(path, LONGEST_PATH);
    throw new AgentError('STATE_UNUSABLE', `${what} cannot be read (${failureCode(error)}).`, {
      cause: error,
      hint: 'The trail is private to the user of the agent: run this command as that user.',
    });
  }
}

/** @throws ConfigError where there is no trail */
function folderOf({ stateDir }: Place): string {
  const folder = join(stateDir === undefined ? readingPlace().stateDir : resolve(stateDir), 'audit');
  if (existsSync(folder)) return folder;
  const where = stateDir === undefined ? 'STATE_DIR' : 'audit --state-dir';
  const reason = `has no audit trail: there is no folder ${folder}`;
  throw new ConfigError([{ where, reason, example: '/var/lib/bitbucket-agent' }]);
}
