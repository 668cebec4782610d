#!/usr/bin/env node
import { Command } from 'commander';
import { run } from './commands/run.ts';
import { agentVersion } from './version.ts';

const program = new Command('bitbucket-agent')
  .description('Connects Bitbucket to Snyk Essentials from inside your network.')
  .version(agentVersion);

program
  .command('run')
  .description('open the tunnel and answer what the accept list allows, until SIGTERM')
  .action(run);

await program.parseAsync();
