import { resolve } from 'node:path';
import { gateProblems } from '../agent/gate.ts';
import { type InventoryDesk, openInventoryDesk } from '../agent.ts';
import type { Config, ConfigDraft } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { ConfigError, type Problem } from '../errors.ts';
import type { RunOutcome } from '../inventory/inventory.ts';
import { createLog } from '../log.ts';
import { closingTable } from './closing-table.ts';
import { dieLoudly, EXIT, ending, explain } from './ending.ts';
import { createScreen } from './screen.ts';

export interface SyncOptions {
  readonly once?: boolean;
  readonly full?: boolean;
  readonly enrich?: boolean;
  readonly only?: 'users' | 'repositories';
  readonly dryRun?: boolean;
  readonly out?: string;
}

/**
 * `bitbucket-agent sync --once`: one run of the inventory. `--dry-run --out DIR`: the same, with what would leave
 * written into files instead. Exit code 0: complete and acknowledged; 2: configuration; 3: failed; 4: parked batches.
 * The first SIGINT or SIGTERM stops the run in order, what was read and what waits is kept; a second one exits at once.
 */
export function sync(options: SyncOptions): Promise<void> {
  return ending(async () => {
    checkOptions(options);
    const wrong = (draft: ConfigDraft) => [
      ...profileProblem(draft),
      ...(options.dryRun === true ? [] : placeProblem(draft)),
    ];
    const config = loadConfig({
      alsoWrong: (draft, told) => [...wrong(draft), ...gateProblems(draft, told)],
    });
    const problems = wrong(config);
    if (problems.length > 0) throw new ConfigError(problems);
    const onTerminal = process.stderr.isTTY === true;
    const level = onTerminal && config.logLevel === 'info' ? 'warn' : config.logLevel;
    const log = createLog(level, config.secrets, process.stderr);
    dieLoudly(log);
    const desk = openInventoryDesk(config, log, { deliver: options.dryRun !== true, command: 'sync' });
    return await stoppable(desk, (signal) => once(desk, options, signal, onTerminal));
  }, EXIT.failed);
}

async function once(
  { inventory }: InventoryDesk,
  options: SyncOptions,
  signal: AbortSignal,
  onTerminal: boolean,
): Promise<number> {
  const folder = options.dryRun === true ? resolve(options.out ?? '.') : null;
  const screen = createScreen(process.stderr, onTerminal, folder !== null);
  const enrichment = options.enrich === true;
  const scope = {
    users: options.only !== 'repositories',
    repositories: options.only !== 'users',
    enrichment,
  };
  const order = { scope, full: options.full === true, signal, watch: screen };
  const started = performance.now();
  const outcome = await (folder === null
    ? inventory.run(order, 'sync --once')
    : inventory.rehearse(order, 'sync --dry-run', folder)
  ).finally(() => screen.close());
  process.stdout.write(`${closingTable(outcome, (performance.now() - started) / 1000, folder)}\n`);
  if (outcome.error !== null) process.stderr.write(`${explain(outcome.error)}\n`);
  return codeOf(outcome);
}

/** Batches that an earlier run has parked count too, until a run has looked at their members again. */
function codeOf({ error, run, parked }: RunOutcome): number {
  if (error !== null || run.state === 'failed') return EXIT.failed;
  return run.state === 'parked' || parked.length > 0 ? EXIT.parked : EXIT.ok;
}

/** Runs the work, with signals ending it, and drains the tunnel afterwards as `run` does. */
async function stoppable(
  desk: InventoryDesk,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const stop = new AbortController();
  let reason: NodeJS.Signals | null = null;
  const leave = (signal: NodeJS.Signals) => {
    if (stop.signal.aborted) process.exit(EXIT.failed);
    reason = signal;
    stop.abort();
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
  try {
    return await work(stop.signal);
  } finally {
    await desk.drain(reason);
    process.off('SIGTERM', leave);
    process.off('SIGINT', leave);
  }
}

function checkOptions({ once: asked, dryRun, out, only, enrich }: SyncOptions): void {
  const wrong = (reason: string, example: string) => new ConfigError([{ where: 'sync', reason, example }]);
  if (asked !== true && dryRun !== true) {
    throw wrong('runs once: say so, or use run to keep the inventory up to date', 'sync --once');
  }
  if (dryRun === true && out === undefined) {
    throw wrong('--dry-run needs a folder for what would leave', 'sync --dry-run --out ./would-leave');
  }
  if (dryRun !== true && out !== undefined) {
    throw wrong('--out is for --dry-run only', 'sync --dry-run --out ./would-leave');
  }
  if (only === 'users' && enrich === true) {
    throw wrong('--enrich is of repositories, and --only users leaves them out', 'sync --once --enrich');
  }
}

function profileProblem({ profileName }: Pick<Config, 'profileName'>): Problem[] {
  if (profileName !== null) return [];
  const reason = 'is not set, and every batch of the inventory names its integration';
  return [{ where: 'PROFILE_NAME', reason, example: 'Bitbucket Frankfurt' }];
}

/** Two ledgers would each tell the receiver what is new, changed and gone. */
function placeProblem({ inventoryPlace: place }: Pick<Config, 'inventoryPlace'>): Problem[] {
  if (place.kind !== 'there') return [];
  const reason =
    'is set, and the inventory is kept in one place: run sync where the agent at that address runs';
  return [{ where: 'INVENTORY_URL', reason, example: 'off' }];
}
