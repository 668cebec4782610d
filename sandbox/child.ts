import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { undoAtExit } from './leftovers.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  /** Arguments for this Node: options, script, the script's own arguments. */
  readonly args: readonly string[];
  /** The whole environment besides PATH and HOME; nothing else of this process leaks in. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Told every line of stdout and stderr. */
  readonly onLine?: (line: string) => void;
}

/** A Node program in a process of its own, which cannot outlive this one. */
export interface Child {
  readonly pid: number;
  readonly running: boolean;
  /** Settles when the process is gone and its output has been read to the end. */
  readonly exited: Promise<Exit>;
  /** The last 64 KiB of what it wrote. */
  output(): string;
  /** Sends a signal; says nothing when the process is gone already. */
  signal(name: NodeJS.Signals): void;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
}

const OUTPUT_LIMIT = 64 * 1024;

/**
 * Loaded before the program: its stdin is a pipe that this process holds, so the end of this process,
 * SIGKILL included, ends the child as well. The program itself stays unmodified.
 */
const LIFELINE = "data:text/javascript,process.stdin.on('end',()=>process.exit(1)).resume().unref?.()";

/** Starts a Node program. Rejects when the process cannot be made. */
export async function startChild({ args, env, cwd, onLine }: ChildOptions): Promise<Child> {
  const program = spawn(process.execPath, ['--import', LIFELINE, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C reaches this process alone, which decides in what order things end.
    detached: true,
  });
  const forget = undoAtExit(() => program.kill('SIGKILL'));
  const exited = new Promise<Exit>((resolve) => {
    program.once('close', (code, signal) => {
      forget();
      resolve({ code, signal });
    });
  });
  program.stdin.on('error', () => {});
  const output = keepOutput(program, onLine);
  await once(program, 'spawn');
  const running = () => program.exitCode === null && program.signalCode === null;
  return {
    pid: program.pid ?? 0,
    get running() {
      return running();
    },
    exited,
    output,
    signal(name) {
      if (running()) program.kill(name);
    },
    async kill() {
      program.kill('SIGKILL');
      await exited;
    },
  };
}

/** Feeds the lines on and keeps the end of them. */
function keepOutput({ stdout, stderr }: ChildProcess, onLine: ChildOptions['onLine']): () => string {
  let kept: string[] = [];
  let size = 0;
  const end = () => kept.join('\n').slice(-OUTPUT_LIMIT);
  for (const input of [stdout, stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (line) => {
      kept.push(line);
      size += line.length + 1;
      if (size > 2 * OUTPUT_LIMIT) {
        const rest = end();
        kept = [rest];
        size = rest.length;
      }
      onLine?.(line);
    });
  }
  return end;
}
