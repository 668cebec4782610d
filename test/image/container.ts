import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../sandbox/deadline.ts';
import { undoAtExit } from '../../sandbox/leftovers.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { type Ended, runProgram } from '../kit/program.ts';
import { HARDENED, IMAGE, must, removeNow } from './engine.ts';

/** The agent in a container, as docs/image.md says to run it; on the network of this host. */
export interface Container {
  readonly name: string;
  /** Of its first process, as this host sees it. */
  readonly pid: number;
  /** Lines of the log, each an object. */
  log(): Promise<readonly Record<string, unknown>[]>;
  waitForLog(message: string): Promise<void>;
  /** What a container engine would run for HEALTHCHECK. */
  healthcheck(): Promise<Ended>;
  /** Sends SIGTERM, as an engine does; gives the exit code. */
  stop(): Promise<number>;
  /** Whether the process that was started runs still. */
  running(): boolean;
  /** Bytes at the highest: of the first process, and of all that the limit counts, file pages among them. */
  peak(): { process: number; limited: number };
  close(): Promise<void>;
}

const SECRETS = ['BROKER_TOKEN', 'BITBUCKET_PAT', 'BITBUCKET_PASSWORD', 'ADMIN_TOKEN'];
const PLACE = '/run/secrets/bitbucket-agent';
const WAIT_MS = 30_000;

/** Starts `run` in the image. Secrets of `env` become files; the state folder is a volume of its own. */
export async function startContainer(env: Readonly<Record<string, string>>): Promise<Container> {
  const secrets = makeTemporaryFolder('secrets');
  // The engine's user on this host is another than the agent's in the container.
  chmodSync(secrets.path, 0o755);
  const variables = Object.entries(env).flatMap(([name, value]) => {
    if (!SECRETS.includes(name)) return ['--env', `${name}=${value}`];
    writeFileSync(join(secrets.path, name), value, { mode: 0o644 });
    return ['--env', `${name}_FILE=${PLACE}/${name}`];
  });
  const name = `bitbucket-agent-${randomUUID()}`;
  const forget = undoAtExit(() => removeNow(name));
  const mount = `--volume=${secrets.path}:${PLACE}:ro`;
  const options = ['--detach', '--network=host', ...HARDENED, mount, ...variables];
  const close = async () => {
    await runProgram('podman', ['rm', '--force', '--volumes', '--time', '0', name]);
    secrets.remove();
    forget();
  };
  try {
    await must('podman', ['run', '--name', name, ...options, IMAGE]);
    const pid = Number(await must('podman', ['inspect', '--format', '{{.State.Pid}}', name]));
    return { ...sightOf(name, pid), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function sightOf(name: string, pid: number): Omit<Container, 'close'> {
  const text = async () => {
    const { stdout, stderr } = await runProgram('podman', ['logs', name]);
    return stdout + stderr;
  };
  const log = async () =>
    (await text())
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line): Record<string, unknown> => JSON.parse(line));
  return {
    name,
    pid,
    log,
    async waitForLog(message) {
      const look = async () => ((await log()).some((line) => line.message === message) ? true : undefined);
      await until(look, {
        timeoutMs: WAIT_MS,
        everyMs: 200,
        what: `"${message}" in the log of the container`,
      });
    },
    healthcheck: () => runProgram('podman', ['healthcheck', 'run', name]),
    async stop() {
      await must('podman', ['stop', '--time', '30', name]);
      return Number(await must('podman', ['inspect', '--format', '{{.State.ExitCode}}', name]));
    },
    running: () => existsSync(`/proc/${pid}/status`),
    peak: () => ({ process: statusOf(pid, 'VmHWM') * 1024, limited: limitedPeak(pid) }),
  };
}

/** A number of `/proc/PID/status`. */
function statusOf(pid: number, name: string): number {
  const [, value = ''] =
    new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(value);
}

/** The first that is there: control groups of version 1, of version 2. */
function limitedPeak(pid: number): number {
  const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  const [, one] = /^\d+:memory:(.*)$/m.exec(groups) ?? [];
  const [, two = ''] = /^0::(.*)$/m.exec(groups) ?? [];
  const file =
    one === undefined
      ? `/sys/fs/cgroup${two}/memory.peak`
      : `/sys/fs/cgroup/memory${one}/memory.max_usage_in_bytes`;
  return Number(readFileSync(file, 'utf8'));
}
