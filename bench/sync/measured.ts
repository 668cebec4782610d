import { type Exit, startChild } from '../../sandbox/child.ts';

/** What a process took from its start to its end. */
export interface Usage {
  /** Main memory at the highest, bytes. */
  readonly peakBytes: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  /** From the start of the process to its end. */
  readonly wallSeconds: number;
}

export interface Measured {
  readonly exit: Exit;
  readonly usage: Usage;
  /** Every line it wrote. */
  readonly lines: readonly string[];
}

const MARK = 'usage-of-the-process ';

/** Loaded before the program; plain JavaScript, so that it adds next to nothing to what it measures. */
const METER = `data:text/javascript,import{readFileSync as r,writeSync as w}from'node:fs';process.on('exit',()=>{const{user:u,system:s}=process.cpuUsage();w(2,'\\n${MARK}'+JSON.stringify({user:u,system:s,peak:Number(/VmHWM:\\s*(\\d+)/.exec(r('/proc/self/status','utf8'))[1])})+'\\n')})`;

/** Runs a Node program to its end. Rejects when it leaves no figures, that is when it was killed. */
export async function measured(options: {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}): Promise<Measured> {
  const lines: string[] = [];
  const started = performance.now();
  const child = await startChild({
    ...options,
    args: ['--import', METER, ...options.args],
    onLine: (line) => lines.push(line),
  });
  const exit = await child.exited;
  const wallSeconds = (performance.now() - started) / 1000;
  const mark = lines.find((line) => line.startsWith(MARK));
  if (mark === undefined) throw new Error(`${options.args.join(' ')} left no figures\n${child.output()}`);
  const { user, system, peak } = JSON.parse(mark.slice(MARK.length));
  return {
    exit,
    lines: lines.filter((line) => line !== mark && line !== ''),
    usage: {
      peakBytes: peak * 1024,
      userSeconds: user / 1e6,
      systemSeconds: system / 1e6,
      wallSeconds,
    },
  };
}
