#!/usr/bin/env node
import { Command } from 'commander';
import { agentVersion } from './version.ts';

const OLDEST_NODE = 24;
const EXIT_CONFIG = 2;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(`bitbucket-agent needs Node ${OLDEST_NODE} or newer, this is ${process.version}.\n`);
  process.exit(EXIT_CONFIG);
}

const program = new Command('bitbucket-agent')
  .description('Connects Bitbucket to Snyk Essentials from inside your network.')
  .version(agentVersion);

program
  .command('run')
  .description('open the tunnel and answer what the accept list allows, until SIGTERM')
  .action(async () => (await import('./commands/run.ts')).run());

await program.parseAsync();
