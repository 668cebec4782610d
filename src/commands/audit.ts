import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readingPlace } from '../config/reading-place.ts';
import { ConfigError } from '../errors.ts';
import { type TailOptions, tail } from './audit/tail.ts';
import { type UsageCommand, usage } from './audit/usage.ts';
import { type VerifyCommand, verifyTrail } from './audit/verify.ts';
import { EXIT, ending } from './ending.ts';

interface Place {
  readonly stateDir?: string;
}

/** `bitbucket-agent audit verify`: exit code 0: every chain is proven; 1: one is broken; 2: nothing to read. */
export const auditVerify = (options: VerifyCommand & Place): Promise<void> =>
  ending(() => verifyTrail(folderOf(options), options), EXIT.defect);

/** `bitbucket-agent audit tail`: the newest records, and those to come with `--follow`. */
export const auditTail = (options: TailOptions & Place): Promise<void> =>
  ending(() => tail(folderOf(options), options), EXIT.defect);

/** `bitbucket-agent audit usage`: which rules are used, which are not, and what is refused. */
export const auditUsage = (options: UsageCommand & Place): Promise<void> =>
  ending(() => usage(folderOf(options), options, () => readingPlace().accept()), EXIT.defect);

/** @throws ConfigError where there is no trail */
function folderOf({ stateDir }: Place): string {
  const folder = join(stateDir === undefined ? readingPlace().stateDir : resolve(stateDir), 'audit');
  if (existsSync(folder)) return folder;
  const where = stateDir === undefined ? 'STATE_DIR' : 'audit --state-dir';
  const reason = `has no audit trail: there is no folder ${folder}`;
  throw new ConfigError([{ where, reason, example: '/var/lib/bitbucket-agent' }]);
}
