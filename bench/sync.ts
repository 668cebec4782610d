/**
 * What `sync --once` costs: a first run, which sends everything, and a second one, which has nothing to send. The agent,
 * the simulator, the broker server and the receiver are processes of their own. The pages of the second run are then
 * asked for once more, in the same order, by a bare loop that does nothing with them.
 *
 * `npm run bench:sync` reads 1,000, 10,000 and 100,000 repositories; `npm run bench:sync -- --quick` 2,000 in some
 * seconds; other numbers, and options of Node such as `--cpu-prof` for the agent, may follow. Exit code 1: a run failed,
 * or the second one sent something. No time and no size makes it fail.
 */
import { InventoryBench, type LoopFigures, type RunFigures, worldOf } from './sync/inventory-bench.ts';
import type { Usage } from './sync/measured.ts';

const SIZES: readonly number[] = [1_000, 10_000, 100_000];
const QUICK: readonly number[] = [2_000];
const MIB = 1024 * 1024;

/** One line of the table. */
type Row = Readonly<Record<string, string | number>>;

const round = (value: number): number => Math.round(value * 100) / 100;

const usageCells = ({ peakBytes, userSeconds, systemSeconds, wallSeconds }: Usage): Row => ({
  'peak MiB': Math.round(peakBytes / MIB),
  'user s': round(userSeconds),
  'system s': round(systemSeconds),
  'wall s': round(wallSeconds),
});

const collectingSeconds = ({ seconds, deliverySeconds }: RunFigures): number => seconds - deliverySeconds;

const rowOfRun = (what: string, run: RunFigures): Row => ({
  what,
  ...usageCells(run.usage),
  'run s': run.seconds,
  'collect s': round(collectingSeconds(run)),
  'deliver s': round(run.deliverySeconds),
  entities: run.entities,
  'entities/s': Math.round(run.entities / run.seconds),
  requests: run.requests,
  sent: run.sent,
  batches: run.batches,
  'sent MiB': round(run.batchBytes / MIB),
  'simulator CPU s': round(run.simulatorCpuSeconds),
});

const rowOfLoop = (what: string, loop: LoopFigures): Row => ({
  what,
  ...usageCells(loop.usage),
  'collect s': round(loop.seconds),
  requests: loop.requests,
  'simulator CPU s': round(loop.simulatorCpuSeconds),
});

/** @returns whether the second run kept still */
async function benchSize(bench: InventoryBench): Promise<boolean> {
  const first = await bench.run('the first run', nodeOptions);
  const second = await bench.run('the second run', nodeOptions);
  const bare = await bench.bareLoop('fetch', second.urls);
  const parsed = await bench.bareLoop('parse', second.urls);
  console.table([
    rowOfRun('first run', first),
    rowOfRun('second run', second),
    rowOfLoop('bare loop', bare),
    rowOfLoop('bare loop, JSON parsed', parsed),
  ]);
  const ratio = (run: RunFigures, loop: LoopFigures) => (collectingSeconds(run) / loop.seconds).toFixed(2);
  console.log(`collecting / bare loop: first run ${ratio(first, bare)}, second run ${ratio(second, bare)}`);
  console.log(
    `collecting / bare loop, JSON parsed: first run ${ratio(first, parsed)}, second run ${ratio(second, parsed)}`,
  );
  if (second.sent > 0) console.error(`the second run sent ${second.sent} resources`);
  return second.sent === 0 && first.sent > 0;
}

const given = process.argv.slice(2);
const numbers = given.filter((argument) => /^\d+$/.test(argument)).map(Number);
const nodeOptions = given.filter((argument) => argument.startsWith('--') && argument !== '--quick');
const sizes = given.includes('--quick') ? QUICK : numbers.length > 0 ? numbers : SIZES;
console.log(`Node ${process.version}`);
for (const repositories of sizes) {
  const { projects, users } = worldOf(repositories);
  console.log(`\n${repositories} repositories in ${projects} projects, ${users} users`);
  if (!(await InventoryBench.with(repositories, benchSize))) process.exitCode = 1;
}
