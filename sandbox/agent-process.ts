import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { type Child, type Exit, startChild } from './child.ts';
import { until } from './deadline.ts';
import { memoryOf, type ProcessMemory } from './process-memory.ts';

/** One line of the agent's log. A line that is no JSON object has its text in `message`. */
export type LogLine = Readonly<Record<string, unknown>>;

export interface AgentOptions {
  /** The whole environment besides PATH and HOME. `PORT` must be a real port for `ready` to work. */
  readonly env: Readonly<Record<string, string>>;
  /** `dist`: what `npm run build` made, as users run it; `src`: the sources by type stripping. Default `dist`. */
  readonly entry?: 'dist' | 'src';
  /** Where a `.env` would be read. */
  readonly cwd: string;
  /** Default `['run']`. */
  readonly args?: readonly string[];
  /** Options of Node itself, such as `--max-old-space-size=64`. */
  readonly nodeOptions?: readonly string[];
}

/** The agent in a process of its own, as it runs at a customer's. */
export interface AgentProcess {
  readonly pid: number;
  /** The newest 5000 lines, oldest first. */
  readonly log: readonly LogLine[];
  /** The last 64 KiB it wrote, as text. */
  output(): string;
  /** A line that `wanted` is true for: one written already or the next to come. Rejects when time is up. */
  waitForLog(wanted: (line: LogLine) => boolean, timeoutMs: number): Promise<LogLine>;
  /** Until `/readyz` answers 200. Rejects with the end of its log when the process ends or time (default 15 s) is up. */
  ready(timeoutMs?: number): Promise<void>;
  readonly exited: Promise<Exit>;
  /** Sends a signal, SIGTERM by default; settles when the process is gone. */
  terminate(signal?: NodeJS.Signals): Promise<Exit>;
  /** Bytes of main memory in use now and at the highest (Linux only). */
  memory(): ProcessMemory;
  /** SIGKILL; settles when the process is gone. */
  close(): Promise<void>;
}

const MOST_LINES = 5000;
const READY_TIMEOUT_MS = 15_000;
const ENTRIES = { dist: '../dist/cli.js', src: '../src/cli.ts' };

/** Starts the agent. It need not be ready yet, nor stay up: see `ready` and `exited`. */
export async function startAgent(options: AgentOptions): Promise<AgentProcess> {
  const { env, entry = 'dist', cwd, args = ['run'], nodeOptions = [] } = options;
  const script = fileURLToPath(new URL(ENTRIES[entry], import.meta.url));
  if (!existsSync(script)) throw new Error(`${script} is not there; for dist run: npm run build`);
  const log: LogLine[] = [];
  const onLine = (text: string) => {
    log.push(parse(text));
    if (log.length > MOST_LINES) log.shift();
  };
  const child = await startChild({ args: [...nodeOptions, script, ...args], env, cwd, onLine });
  const detail = () => child.output().slice(-4096);
  return {
    pid: child.pid,
    log,
    output: child.output,
    waitForLog: (wanted, timeoutMs) =>
      until(() => log.find(wanted), {
        timeoutMs,
        what: 'a line in the log of the agent',
        everyMs: 5,
        detail,
      }),
    ready: (timeoutMs = READY_TIMEOUT_MS) => untilReady(child, env, timeoutMs),
    exited: child.exited,
    terminate(signal = 'SIGTERM') {
      child.signal(signal);
      return child.exited;
    },
    memory: () => memoryOf(child.pid),
    close: child.kill,
  };
}

function parse(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as LogLine;
  } catch {
    // Not the log but, for example, a stack trace of Node.
  }
  return { message: text };
}

async function untilReady(child: Child, env: AgentOptions['env'], timeoutMs: number): Promise<void> {
  const scheme = env.HTTPS_CERT === undefined ? 'http' : 'https';
  const url = `${scheme}://127.0.0.1:${env.PORT}/readyz`;
  // Whether its certificate is a good one is for other callers to judge.
  const dispatcher = new Agent({ pipelining: 0, connect: { rejectUnauthorized: false } });
  const detail = () => child.output().slice(-4096);
  const look = async () => {
    if (!child.running) throw new Error(`the agent ended before it was ready\n${detail()}`);
    const answer = await request(url, { dispatcher }).catch(() => undefined);
    await answer?.body.dump();
    return answer?.statusCode === 200 ? true : undefined;
  };
  try {
    await until(look, { timeoutMs, what: `the agent is ready at ${url}`, detail });
  } finally {
    await dispatcher.destroy();
  }
}
