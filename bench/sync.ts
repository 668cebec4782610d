/**
 * What `sync --once` costs: a first run, which sends everything, and a second one, which has nothing to send. The agent,
 * the simulator, the broker server and the receiver are processes of their own. The pages of the second run are then
 * asked for once more, in the same order, by a bare loop that does nothing with them.
 *
 * `npm run bench:sync` reads 1,000, 10,000 and 100,000 repositories; `npm run bench:sync -- --quick` 2,000 in some
 * seconds; other numbers, and options of Node such as `--cpu-prof` for the agent, may follow. Exit code 1: a run failed,
 * or the second one sent something. No time and no size makes it fail.
 */
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startBrokerServer } from '../sandbox/broker-server.ts';
import { makeTemporaryFolder } from '../sandbox/temporary-folder.ts';
import { type Side, startSide } from './side.ts';
import { type Measured, measured } from './sync/measured.ts';
import { LOGIN } from './sync/places.ts';

/** How many repositories; half as many users, and a project for every 250. */
const SIZES: readonly number[] = [1_000, 10_000, 100_000];
const QUICK: readonly number[] = [2_000];
const CONCURRENCY = 8;
const MIB = 1024 * 1024;

const placeOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** One line of the table. */
type Row = Readonly<Record<string, string | number>>;

/** A run, what it said of itself and what was seen of it from outside. */
interface RunFigures {
  readonly row: Row;
  readonly seconds: number;
  readonly sent: number;
  readonly urls: readonly string[];
}

/** The parts of one size, all but the agent. */
class Bench {
  readonly #bitbucket: Side;
  readonly #receiver: Side;
  readonly #env: Readonly<Record<string, string>>;
  readonly #folder: string;

  constructor(bitbucket: Side, receiver: Side, folder: string, brokerUrl: string) {
    this.#bitbucket = bitbucket;
    this.#receiver = receiver;
    this.#folder = folder;
    this.#env = {
      BROKER_TOKEN: randomUUID(),
      BROKER_SERVER_URL: brokerUrl,
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

  async run(name: string): Promise<RunFigures> {
    const run = await measured({
      args: [...nodeOptions, placeOf('../dist/cli.js'), 'sync', '--once'],
      env: this.#env,
      cwd: this.#folder,
    });
    if (run.exit.code !== 0) throw new Error(`the ${name} run failed\n${run.lines.join('\n')}`);
    const simulator = await this.#bitbucket.report();
    const { batches, bytes, seconds: delivery } = await this.#receiver.report();
    const urls = simulator.urls as readonly string[];
    const seconds = told(run, 'seconds');
    const collecting = seconds - Number(delivery);
    const entities = told(run, 'users') + told(run, 'repositories');
    return {
      seconds: collecting,
      sent: told(run, 'sent'),
      urls,
      row: {
        what: name,
        ...usageCells(run),
        'run s': seconds,
        'collect s': round(collecting),
        'deliver s': round(Number(delivery)),
        entities,
        'entities/s': Math.round(entities / seconds),
        requests: told(run, 'requests'),
        sent: told(run, 'sent'),
        batches: Number(batches),
        'sent MiB': round(Number(bytes) / MIB),
        'simulator CPU s': round(Number(simulator.cpuSeconds)),
      },
    };
  }

  async bareLoop(manner: 'fetch' | 'parse', urls: readonly string[]): Promise<{ row: Row; seconds: number }> {
    const file = join(this.#folder, 'urls.json');
    writeFileSync(file, JSON.stringify({ origin: this.#bitbucket.url, paths: urls }));
    const args = [placeOf('sync/bare-loop.ts'), file, String(CONCURRENCY), manner];
    const loop = await measured({ args, env: {}, cwd: this.#folder });
    const { seconds } = JSON.parse(loop.lines.find((line) => line.startsWith('{')) ?? '{}');
    if (loop.exit.code !== 0 || typeof seconds !== 'number') throw new Error(loop.lines.join('\n'));
    const simulator = await this.#bitbucket.report();
    const row = {
      what: manner === 'parse' ? 'bare loop, JSON parsed' : 'bare loop',
      ...usageCells(loop),
      'collect s': round(seconds),
      requests: urls.length,
      'simulator CPU s': round(Number(simulator.cpuSeconds)),
    };
    return { row, seconds };
  }
}

const round = (value: number): number => Math.round(value * 100) / 100;

function usageCells({ usage }: Measured): Row {
  return {
    'peak MiB': Math.round(usage.peakBytes / MIB),
    'user s': round(usage.userSeconds),
    'system s': round(usage.systemSeconds),
    'wall s': round(usage.wallSeconds),
  };
}

/** A number of the agent's closing table. */
function told({ lines }: Measured, label: string): number {
  const line = lines.find((text) => text.startsWith(`${label}  `)) ?? '';
  const number = /([\d,.]+)/.exec(line.slice(label.length))?.[1];
  if (number === undefined) throw new Error(`the closing table has no ${label}\n${lines.join('\n')}`);
  return Number(number.replaceAll(',', ''));
}

/** @returns whether the second run kept still */
async function benchSize(repositories: number): Promise<boolean> {
  const projects = Math.max(6, repositories / 250);
  const users = repositories / 2;
  console.log(`\n${repositories} repositories in ${projects} projects, ${users} users`);
  const closers: (() => unknown)[] = [];
  try {
    const folder = makeTemporaryFolder('bench-sync');
    closers.push(() => folder.remove());
    const size = [repositories, projects, users].map(String);
    const bitbucket = await startSide([placeOf('sync/bitbucket.ts'), ...size]);
    closers.push(() => bitbucket.kill());
    const receiver = await startSide([placeOf('sync/receiver.ts')]);
    closers.push(() => receiver.kill());
    const broker = await startBrokerServer({ backendUrl: receiver.url, env: { LOG_LEVEL: 'warn' } });
    closers.push(() => broker.close());
    const bench = new Bench(bitbucket, receiver, folder.path, broker.url);
    const first = await bench.run('first run');
    const second = await bench.run('second run');
    const bare = await bench.bareLoop('fetch', second.urls);
    const parsed = await bench.bareLoop('parse', second.urls);
    console.table([first.row, second.row, bare.row, parsed.row]);
    const ratio = (run: RunFigures, loop: { seconds: number }) => (run.seconds / loop.seconds).toFixed(2);
    console.log(`collecting / bare loop: first run ${ratio(first, bare)}, second run ${ratio(second, bare)}`);
    console.log(
      `collecting / bare loop, JSON parsed: first run ${ratio(first, parsed)}, second run ${ratio(second, parsed)}`,
    );
    if (second.sent > 0) console.error(`the second run sent ${second.sent} resources`);
    return second.sent === 0 && first.sent > 0;
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

const given = process.argv.slice(2);
const numbers = given.filter((argument) => /^\d+$/.test(argument)).map(Number);
const nodeOptions = given.filter((argument) => argument.startsWith('--') && argument !== '--quick');
const sizes = given.includes('--quick') ? QUICK : numbers.length > 0 ? numbers : SIZES;
console.log(`Node ${process.version}`);
for (const repositories of sizes) if (!(await benchSize(repositories))) process.exitCode = 1;
