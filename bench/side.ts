import { type Child, startChild } from '../sandbox/child.ts';

/** A program beside the agent, which answers SIGUSR2 with a line of JSON. */
export interface Side {
  readonly pid: number;
  readonly url: string;
  report(): Promise<Record<string, unknown>>;
  kill(): Promise<void>;
}

/** Starts one and waits for the line that has its URL. Rejects when it ends instead. */
export async function startSide(args: readonly string[]): Promise<Side> {
  const waiting: ((line: string) => void)[] = [];
  const nextLine = () => new Promise<string>((resolve) => waiting.push(resolve));
  const first = nextLine();
  const child: Child = await startChild({
    args,
    env: {},
    cwd: process.cwd(),
    onLine: (line) => {
      if (line.startsWith('{')) waiting.shift()?.(line);
    },
  });
  const ended = child.exited.then((): never => {
    throw new Error(`${args.join(' ')} has ended\n${child.output()}`);
  });
  ended.catch(() => {});
  const { url } = JSON.parse(await Promise.race([first, ended]));
  return {
    pid: child.pid,
    url,
    async report() {
      const line = nextLine();
      child.signal('SIGUSR2');
      return JSON.parse(await Promise.race([line, ended]));
    },
    kill: () => child.kill(),
  };
}
