import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BrokerServer, startBrokerServer } from '../../sandbox/broker-server.ts';
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts';
import { type Side, startSide } from '../side.ts';
import { type Measured, measured, type Usage } from './measured.ts';
import { LOGIN } from './places.ts';

const CONCURRENCY = 8;

const placeOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** A run of the inventory: what it said of itself, and what was seen of it from outside. */
export interface RunFigures {
  readonly usage: Usage;
  /** As the agent tells them: the whole run, and of it the time in which batches went out. */
  readonly seconds: number;
  readonly deliverySeconds: number;
  /** Users and repositories that it saw. */
  readonly entities: number;
  readonly requests: number;
  readonly sent: number;
  readonly batches: number;
  readonly batchBytes: number;
  readonly simulatorCpuSeconds: number;
  /** What it asked Bitbucket for, in order. */
  readonly urls: readonly string[];
}

/** The pages of a run asked for once more by who does nothing with them. */
export interface LoopFigures {
  readonly usage: Usage;
  readonly seconds: number;
  readonly requests: number;
  readonly simulatorCpuSeconds: number;
}

/** A Bitbucket of one size and all that the agent needs beside it, each a process of its own. */
export class InventoryBench {
  readonly broker: BrokerServer;
  /** The agent's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly #bitbucket: Side;
  readonly #receiver: Side;
  readonly #folder: string;

  private constructor(bitbucket: Side, receiver: Side, broker: BrokerServer, folder: string) {
    this.broker = broker;
    this.#bitbucket = bitbucket;
    this.#receiver = receiver;
    this.#folder = folder;
    this.env = {
      BROKER_TOKEN: randomUUID(),
      BROKER_SERVER_URL: broker.url,
      BITBUCKET_URL: bitbucket.url,
      BITBUCKET_USERNAME: LOGIN.username,
      BITBUCKET_PASSWORD: LOGIN.password,
      BITBUCKET_CONCURRENCY: String(CONCURRENCY),
      ESSENTIALS_DELIVERY: 'tunnel',
      PROFILE_NAME: 'bench',
      STATE_DIR: folder,
      LOG_LEVEL: 'warn',
    };
  }

  /** Starts all of it for `work`, and ends it. Half as many users as repositories, and a project for every 250. */
  static async with<Result>(
    repositories: number,
    work: (bench: InventoryBench) => Promise<Result>,
  ): Promise<Result> {
    const { projects, users } = worldOf(repositories);
    const closers: (() => unknown)[] = [];
    try {
      const folder = makeTemporaryFolder('bench-sync');
      closers.push(() => folder.remove());
      const size = [repositories, projects, users].map(String);
      const bitbucket = await startSide([placeOf('bitbucket.ts'), ...size]);
      closers.push(() => bitbucket.kill());
      const receiver = await startSide([placeOf('receiver.ts')]);
      closers.push(() => receiver.kill());
      const broker = await startBrokerServer({ backendUrl: receiver.url, env: { LOG_LEVEL: 'warn' } });
      closers.push(() => broker.close());
      return await work(new InventoryBench(bitbucket, receiver, broker, folder.path));
    } finally {
      for (const close of closers.reverse()) await close();
    }
  }

  /** The folder in which the agent runs and keeps its state. */
  get folder(): string {
    return this.#folder;
  }

  /**
   * `sync --once`. Rejects when it fails.
   *
   * @param nodeOptions options of Node for the agent, such as `--cpu-prof`
   */
  async run(name: string, nodeOptions: readonly string[] = []): Promise<RunFigures> {
    const run = await this.command(name, ['sync', '--once'], nodeOptions);
    const simulator = await this.#bitbucket.report();
    const { batches, bytes, seconds: delivery } = await this.#receiver.report();
    return {
      usage: run.usage,
      seconds: told(run, 'seconds'),
      deliverySeconds: Number(delivery),
      entities: told(run, 'users') + told(run, 'repositories'),
      requests: told(run, 'requests'),
      sent: told(run, 'sent'),
      batches: Number(batches),
      batchBytes: Number(bytes),
      simulatorCpuSeconds: Number(simulator.cpuSeconds),
      urls: simulator.urls as readonly string[],
    };
  }

  /** Any command of the agent. Rejects when its exit code is not 0. */
  async command(
    name: string,
    args: readonly string[],
    nodeOptions: readonly string[] = [],
  ): Promise<Measured> {
    const run = await measured({
      args: [...nodeOptions, placeOf('../../dist/cli.js'), ...args],
      env: this.env,
      cwd: this.#folder,
    });
    if (run.exit.code !== 0) throw new Error(`${name} failed\n${run.lines.join('\n')}`);
    return run;
  }

  /** @param manner `parse`: the JSON of each page is parsed */
  async bareLoop(manner: 'fetch' | 'parse', urls: readonly string[]): Promise<LoopFigures> {
    const file = join(this.#folder, 'urls.json');
    writeFileSync(file, JSON.stringify({ origin: this.#bitbucket.url, paths: urls }));
    const args = [placeOf('bare-loop.ts'), file, String(CONCURRENCY), manner];
    const loop = await measured({ args, env: {}, cwd: this.#folder });
    const { seconds } = JSON.parse(loop.lines.find((line) => line.startsWith('{')) ?? '{}');
    if (loop.exit.code !== 0 || typeof seconds !== 'number') throw new Error(loop.lines.join('\n'));
    const { cpuSeconds } = await this.#bitbucket.report();
    return { usage: loop.usage, seconds, requests: urls.length, simulatorCpuSeconds: Number(cpuSeconds) };
  }
}

/** What stands beside so many repositories. */
export const worldOf = (repositories: number): { readonly projects: number; readonly users: number } => ({
  projects: Math.max(6, repositories / 250),
  users: repositories / 2,
});

/** A number of the agent's closing table. */
function told({ lines }: Measured, label: string): number {
  const line = lines.find((text) => text.startsWith(`${label}  `)) ?? '';
  const number = /([\d,.]+)/.exec(line.slice(label.length))?.[1];
  if (number === undefined) throw new Error(`the closing table has no ${label}\n${lines.join('\n')}`);
  return Number(number.replaceAll(',', ''));
}
