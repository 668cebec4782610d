#!/usr/bin/env node
import { Argument, Command, Option } from 'commander';
import { nameRuleCommands } from './commands/rules.ts';
import { compileLater, startSmall } from './heap-size.ts';
import { agentVersion } from './version.ts';

const OLDEST_NODE = 24;
const EXIT_CONFIG = 2;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(`bitbucket-agent needs Node ${OLDEST_NODE} or newer, this is ${process.version}.\n`);
  process.exit(EXIT_CONFIG);
}

startSmall();

const program = new Command('bitbucket-agent')
  .description('Connects Bitbucket to Snyk Essentials from inside your network.')
  .version(agentVersion)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : EXIT_CONFIG));

program
  .command('run')
  .description('open the tunnel and answer what the accept list allows, until SIGTERM')
  .action(async () => {
    compileLater();
    await (await import('./commands/run.ts')).run();
  });

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
  .action(async (options) => (await import('./commands/sync.ts')).sync(options));

program
  .command('preview')
  .description('show users or repositories exactly as they would be sent')
  .addArgument(new Argument('<what>').choices(['users', 'repositories']))
  .option('--limit <count>', 'how many', '20')
  .addOption(new Option('--format <format>', 'how').choices(['table', 'json']).default('table'))
  .action(async (what, options) => (await import('./commands/preview.ts')).preview(what, options));

nameRuleCommands(program.command('rules'));

const audit = program.command('audit').description('read the audit trail in STATE_DIR');
const ofAudit = (name: string, description: string) =>
  audit
    .command(name)
    .description(description)
    .option('--state-dir <folder>', 'the state folder; STATE_DIR when left out');

ofAudit('verify', 'prove that no record was changed; exit code 0 proven, 1 broken, 2 nothing to read')
  .option('--instance <name>', 'one chain only')
  .option('--head <hash>', 'prove that a head noted elsewhere is in a chain')
  .action(async (options) => (await import('./commands/audit.ts')).auditVerify(options));

ofAudit('tail', 'show the newest records')
  .option('-n, --lines <count>', 'how many', '20')
  .option('-f, --follow', 'go on with what comes')
  .option('--refused', 'refused calls only')
  .option('--instance <name>', 'of one chain only')
  .addOption(new Option('--format <format>', 'how').choices(['text', 'json']).default('text'))
  .action(async (options) => (await import('./commands/audit.ts')).auditTail(options));

ofAudit('usage', 'show which rules are used and which are not, and what is refused most')
  .option('--days <days>', 'how far back; all there is when left out')
  .option('--unused-for <days>', 'when a rule counts as unused', '30')
  .option('--accept-list <file>', 'write an accept list without the unused rules, - for stdout')
  .action(async (options) => (await import('./commands/audit.ts')).auditUsage(options));
program
  .command('doctor')
  .description(
    'look at everything the agent needs and say what to do; exit code 0 in order, 1 something fails, 2 configuration',
  )
  .option('--json', 'for programs')
  .option(
    '--identify',
    'also open a tunnel of its own for a moment; meanwhile it takes the calls of the token, and answers them as run does',
  )
  .option('--bundle <file>', 'also write a support archive (.tar.gz) without secrets')
  .action(async (options) => (await import('./commands/doctor.ts')).doctor(options));

program
  .command('healthcheck')
  .description('ask /livez of the agent beside this process, for container engines; exit code 0 alive, 1 not')
  .action(async () => (await import('./commands/healthcheck.ts')).healthcheck());

await program.parseAsync();
