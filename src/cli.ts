#!/usr/bin/env node
import { Argument, Command, Option } from 'commander';
import { nameRuleCommands } from './commands/rules.ts';
import { holdYoungGeneration } from './heap-size.ts';
import { agentVersion } from './version.ts';

const OLDEST_NODE = 24;
const EXIT_CONFIG = 2;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(`bitbucket-agent needs Node ${OLDEST_NODE} or newer, this is ${process.version}.\n`);
  process.exit(EXIT_CONFIG);
}

const program = new Command('bitbucket-agent')
  .description('Connects Bitbucket to Snyk Essentials from inside your network.')
  .version(agentVersion)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CONFIG));

program
  .command('run')
  .description('open the tunnel and answer what the accept list allows, until SIGTERM')
  .action(async () => (await import('./commands/run.ts')).run());

program
  .command('sync')
  .description(
    'read users and repositories once and send what is new; exit code 0 complete, 2 configuration, 3 failed, 4 parked batches',
  )
  .option('--once', 'one run')
  .option('--full', 'send everything, changed or not')
  .option('--enrich', 'also read default branch, last commit and labels of each repository')
  .addOption(new Option('--only <what>', 'read only these').choices(['users', 'repositories']))
  .option('--dry-run', 'send nothing: write what would leave into the folder of --out')
  .option('--out <folder>', 'where --dry-run writes to')
  .action(async (options) => {
    holdYoungGeneration();
    await (await import('./commands/sync.ts')).sync(options);
  });

program
  .command('preview')
  .description('show users or repositories exactly as they would be sent')
  .addArgument(new Argument('<what>').choices(['users', 'repositories']))
  .option('--limit <count>', 'how many', '20')
  .addOption(new Option('--format <format>', 'how').choices(['table', 'json']).default('table'))
  .action(async (what, options) => (await import('./commands/preview.ts')).preview(what, options));

nameRuleCommands(program.command('rules'));

await program.parseAsync();
