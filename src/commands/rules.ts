import { type Command, Option } from 'commander';

const accept = () =>
  new Option('--accept <file>', 'the accept list to look at, instead of the one of ACCEPT');
const format = (first: string, ...others: string[]) =>
  new Option('--format <format>', 'how').choices([first, ...others]).default(first);
const several = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

/**
 * Names the commands below `rules`. They read the accept list and connect to nothing; what is not set of the
 * configuration is an example. Exit code 2: the command line, the configuration or the accept list cannot be used.
 */
export function nameRuleCommands(rules: Command): void {
  rules.description('show, check and compare the rules of the accept list; works offline');
  rules
    .command('list')
    .description('the rules in force: purpose, where each comes from, permission, hits')
    .addOption(accept())
    .addOption(format('table', 'json', 'csv', 'md'))
    .option('--days <days>', 'how many days of the audit trail count as hits', '30')
    .action(async (options) => (await import('./rules/list.ts')).list(options));
  rules
    .command('explain <method> <url>')
    .description(
      'whether a call is allowed, what would go out, or what it misses; exit code 0 allowed, 1 refused',
    )
    .addOption(accept())
    .option('--header <name:value>', 'a header of the call; may be given several times', several, [])
    .option('--body <file>', 'the body of the call')
    .option('--public', 'ask the rules for webhooks')
    .action(async (method, url, options) =>
      (await import('./rules/explain.ts')).explain(method, url, options),
    );
  rules
    .command('lint')
    .description('what a careful reader would say of the list; exit code 1 where there is an error')
    .addOption(accept())
    .addOption(format('text', 'json'))
    .action(async (options) => (await import('./rules/lint.ts')).lint(options));
  rules
    .command('diff <old> <new>')
    .description(
      'what another list allows, refuses or sends elsewhere, with example calls; exit code 1 where something is newly allowed or goes elsewhere',
    )
    .addOption(format('text', 'md', 'json'))
    .action(async (before, after, options) => (await import('./rules/diff.ts')).diff(before, after, options));
  rules
    .command('sheet')
    .description('one page to sign: every rule in plain words, the firewall table, the rules hash')
    .addOption(accept())
    .addOption(format('md', 'html'))
    .option('--out <file>', 'where to write it; without it, to stdout')
    .option('--date <text>', 'what stands in the date line')
    .action(async (options) => (await import('./rules/sheet.ts')).sheet(options));
  rules
    .command('hash')
    .description('the hash for RULES_HASH')
    .addOption(accept())
    .action(async (options) => (await import('./rules/hash.ts')).hash(options));
}
