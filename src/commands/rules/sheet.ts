import { writeFileSync } from 'node:fs';
import { hashOfRules } from '../../agent/gate.ts';
import { ConfigError, failureCode } from '../../errors.ts';
import { firewallRows } from '../../network/firewall-table.ts';
import { sheetRules } from '../../rules/sheet.ts';
import { variablesIn } from '../../rules/template.ts';
import { agentVersion } from '../../version.ts';
import { EXIT, ending } from '../ending.ts';
import { type Loaded, loadList } from './load.ts';
import { sheetHtml } from './sheet-html.ts';
import { sheetMarkdown } from './sheet-markdown.ts';
import type { Sheet } from './sheet-words.ts';

export interface SheetOptions {
  readonly accept?: string;
  readonly format: 'md' | 'html';
  /** A file; without it the page goes to stdout. */
  readonly out?: string;
  /** Text for the date line; without it the line is blank. */
  readonly date?: string;
}

/** `bitbucket-agent rules sheet`: one page for the administrator who must sign the rules. */
export function sheet(options: SheetOptions): Promise<void> {
  return ending(async () => {
    const page = sheetOf(loadList(options.accept), options.date ?? null);
    const text = options.format === 'html' ? sheetHtml(page) : sheetMarkdown(page);
    if (options.out === undefined) process.stdout.write(text);
    else save(options.out, text);
    return EXIT.ok;
  }, EXIT.defect);
}

/** What a configuration makes of the page. */
export function sheetOf(loaded: Loaded, date: string | null = null): Sheet {
  const { config, rules, shippedWith, tls, exampleAddress } = loaded;
  const origins = rules.private.map(
    ({ id }) => rules.specs.get(id)?.origin?.replace(/^(.*:\/\/)?.*@/s, '$1') ?? '',
  );
  const names = [...new Set(origins.flatMap(variablesIn))];
  return {
    version: agentVersion,
    list: shippedWith === null ? config.accept.path : `the one that comes with version ${shippedWith}`,
    rules: sheetRules(rules, shippedWith),
    firewall: firewallRows({
      config,
      origins: rules.private.map(({ origin }) => origin),
      webhooks: rules.public.length > 0,
      tls,
    }),
    writesAllowed: config.allowWrites,
    addresses: names.map((name) => ({ name, value: config.variable(name) ?? 'what is not set here' })),
    hash: hashOfRules(rules),
    date,
    exampleAddress,
  };
}

function save(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const reason = `the file ${file} cannot be written (${failureCode(error)})`;
    throw new ConfigError([{ where: 'rules sheet --out', reason, example: './rule-sheet.html' }]);
  }
}
