import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Pool, request } from 'undici';
import { type BrokerServer, startBrokerServer } from '../sandbox/broker-server.ts';
import { acceptListFor } from './accept-list.ts';
import { type Program, start } from './contenders.ts';
import { drain } from './drain.ts';
import type { Contender } from './figure.ts';
import { callAgainAndAgain } from './load.ts';
import { API, archive, LOGIN } from './places.ts';
import { cpuSecondsOf } from './process-usage.ts';
import { type Side, startSide } from './side.ts';

/** A contender that runs, identified at the server. */
export interface Runner extends Program {
  readonly contender: Contender;
  readonly token: string;
}

/** What one load took. */
export interface LoadSeen {
  readonly calls: number;
  readonly seconds: number;
  /** Of the contender. */
  readonly cpuSeconds: number;
  /** From the call to the last byte, ms, sorted. */
  readonly times: readonly number[];
}

/** What one long answer took. */
export interface StreamSeen {
  readonly bytes: number;
  readonly seconds: number;
  /** Of the contender. */
  readonly cpuSeconds: number;
}

export interface LoadOptions {
  /** Such as `SMALL_PAGE`. */
  readonly path: string;
  readonly over: 'socket' | 'stream';
  /** Calls under way at any time. */
  readonly atOnce: number;
  readonly calls: number;
}

/**
 * Where all contenders are measured: the real broker server, one Bitbucket and the place of Snyk's backend, each a
 * process of its own; the caller is this process.
 */
export interface Field {
  /** Without a path. */
  readonly bitbucketUrl: string;
  readonly broker: BrokerServer;
  /** 130 rules, the same for all. */
  readonly acceptList: string;
  /** Of the processes around the contenders, to see what a figure is bounded by. */
  readonly pids: Readonly<Record<'bitbucket' | 'server' | 'caller', number>>;
  /**
   * Starts one beside those that run; settles when it is identified and its first inventory run, where it has one, is
   * over.
   *
   * @param env laid over what it is given
   */
  start(contender: Contender, env?: Readonly<Record<string, string>>): Promise<Runner>;
  /** Rejects when one call is not answered with 200 and a body of the right length. */
  load(runner: Runner, how: LoadOptions): Promise<LoadSeen>;
  /** One streamed answer of so many bytes. Rejects when it does not come whole. */
  stream(runner: Runner, bytes: number): Promise<StreamSeen>;
  /** Ends all that runs, contenders included, and leaves no process and no file. */
  close(): Promise<void>;
}

const placeOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Starts it, without a contender. */
export async function openField(): Promise<Field> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const end of closers.splice(0).reverse()) await end();
  };
  try {
    const bitbucket = await startSide([placeOf('bitbucket.ts')]);
    closers.push(() => bitbucket.kill());
    const backend = await startSide([placeOf('sync/receiver.ts')]);
    closers.push(() => backend.kill());
    const broker = await startBrokerServer({ backendUrl: backend.url, env: { LOG_LEVEL: 'warn' } });
    closers.push(() => broker.close());
    const pool = new Pool(broker.url);
    closers.push(() => pool.destroy());
    return new LoopbackField(bitbucket, broker, pool, close);
  } catch (error) {
    await close();
    throw error;
  }
}

class LoopbackField implements Field {
  readonly bitbucketUrl: string;
  readonly broker: BrokerServer;
  readonly acceptList: string;
  readonly pids: Field['pids'];
  readonly #pool: Pool;
  readonly #lengths = new Map<string, number>();
  readonly #running = new Set<Runner>();
  readonly #closeRest: () => Promise<void>;

  constructor(bitbucket: Side, broker: BrokerServer, pool: Pool, closeRest: () => Promise<void>) {
    this.bitbucketUrl = bitbucket.url;
    this.broker = broker;
    this.acceptList = acceptListFor(bitbucket.url);
    this.pids = { bitbucket: bitbucket.pid, server: broker.pid, caller: process.pid };
    this.#pool = pool;
    this.#closeRest = closeRest;
  }

  async start(contender: Contender, env: Readonly<Record<string, string>> = {}): Promise<Runner> {
    const { broker, bitbucketUrl, acceptList } = this;
    const token = randomUUID();
    const program = await start[contender]({ broker, token, bitbucketUrl, acceptList, env });
    const runner: Runner = {
      ...program,
      contender,
      token,
      end: async () => {
        if (this.#running.delete(runner)) await program.end();
      },
    };
    this.#running.add(runner);
    return runner;
  }

  async load(runner: Runner, { path, over, atOnce, calls }: LoadOptions): Promise<LoadSeen> {
    const length = await this.#lengthOf(path);
    const asked = { path: `/broker/${runner.token}${path}`, over };
    const measured = await this.#measured(runner, () =>
      callAgainAndAgain(this.#pool, asked, { calls, atOnce, length }),
    );
    return { calls, ...measured.took, times: measured.result };
  }

  async stream(runner: Runner, bytes: number): Promise<StreamSeen> {
    const url = this.broker.callUrl(runner.token, archive(bytes));
    const { took, result } = await this.#measured(runner, () => drain(url));
    if (result !== bytes) throw new Error(`${runner.contender}: ${result} bytes came, not ${bytes}`);
    return { bytes, ...took };
  }

  async close(): Promise<void> {
    try {
      await Promise.all([...this.#running].map((runner) => runner.end()));
    } finally {
      await this.#closeRest();
    }
  }

  async #measured<T>({ contender, pid, output }: Runner, work: () => Promise<T>) {
    const cpuBefore = cpuSecondsOf(pid);
    const begun = performance.now();
    try {
      const result = await work();
      const seconds = (performance.now() - begun) / 1000;
      return { result, took: { seconds, cpuSeconds: cpuSecondsOf(pid) - cpuBefore } };
    } catch (error) {
      throw new Error(`${contender} failed\n${output().slice(-2048)}`, { cause: error });
    }
  }

  /** Asked of Bitbucket itself, once a path. */
  async #lengthOf(path: string): Promise<number> {
    const known = this.#lengths.get(path);
    if (known !== undefined) return known;
    const authorization = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`;
    const below = path.startsWith('/rest/') ? path : `${API}${path}`;
    const { statusCode, body } = await request(`${this.bitbucketUrl}${below}`, {
      headers: { authorization },
    });
    const { byteLength } = await body.arrayBuffer();
    if (statusCode !== 200) throw new Error(`Bitbucket answers ${below} with ${statusCode}`);
    this.#lengths.set(path, byteLength);
    return byteLength;
  }
}
