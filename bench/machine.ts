import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { agentVersion } from '../src/version.ts';

const GIB = 1024 ** 3;

/** What figures were taken with: names and values for a table. */
export function circumstances(now: Date): readonly (readonly [string, string])[] {
  const processors = cpus();
  const official = createRequire(import.meta.url).resolve('snyk-broker/package.json');
  return [
    ['date', now.toISOString().slice(0, 10)],
    ['processor', `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores`],
    ['memory', `${Math.round(totalmem() / GIB)} GiB`],
    ['kernel', `${process.platform} ${release()}`],
    ['Node', process.version],
    ['this agent', `${agentVersion}, commit ${commit()}`],
    ['official client', `snyk-broker ${JSON.parse(readFileSync(official, 'utf8')).version}`],
  ];
}

/** `unknown` where this is no clone. */
function commit(): string {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'config', 'package-lock.json') !== '';
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed ? ' with changes' : ''}`;
  } catch {
    return 'unknown';
  }
}
