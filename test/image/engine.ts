import { execFile, execFileSync } from 'node:child_process';

/** What `npm run test:image` builds and runs. */
export const IMAGE = 'localhost/bitbucket-agent-under-test:runtime';
export const DEBUG_IMAGE = 'localhost/bitbucket-agent-under-test:debug';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_BYTES = 64 * 1024 * 1024;

/** Runs a program to its end. Rejects only when it cannot be started. */
export function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: MOST_BYTES }, (error, stdout, stderr) => {
      if (error === null) return resolve({ code: 0, stdout, stderr });
      if (typeof error.code === 'number') return resolve({ code: error.code, stdout, stderr });
      reject(error);
    });
  });
}

/** Runs a program that must succeed; gives what it wrote to stdout. */
export async function must(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args);
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}\n${stdout}${stderr}`);
  return stdout.trim();
}

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
export const inContainer = (rest: readonly string[]): Promise<Ran> =>
  run('podman', ['run', '--rm', '--network=none', ...rest]);
