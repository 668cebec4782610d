import { execFileSync } from 'node:child_process';
import { type Ended, outputOf, runProgram } from '../kit/program.ts';

/** What `npm run test:image` builds and runs. */
export const IMAGE = 'localhost/bitbucket-agent-under-test:runtime';
export const DEBUG_IMAGE = 'localhost/bitbucket-agent-under-test:debug';

/** Runs a program that must succeed; gives what it wrote to stdout. */
export const must = async (program: string, args: readonly string[]): Promise<string> =>
  (await outputOf(program, args)).trim();

/** Removes a container while this process ends. */
export function removeNow(name: string): void {
  execFileSync('podman', ['rm', '--force', '--volumes', '--time', '0', name], { stdio: 'ignore' });
}

/** How the image is to be run: no capability, no way to more rights, nothing writable but `/tmp` and the state folder. */
export const HARDENED: readonly string[] = [
  '--read-only',
  '--read-only-tmpfs=false',
  '--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=16m',
  '--volume=/var/lib/bitbucket-agent',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--memory=256m',
  '--pids-limit=64',
];

/** Runs one command in a container of its own that is gone afterwards. `rest`: options, image, arguments. */
export const inContainer = (rest: readonly string[]): Promise<Ended> =>
  runProgram('podman', ['run', '--rm', '--network=none', ...rest]);
