import type { Config } from '../../config/config.ts';
import { firewallRows } from '../../network/firewall-table.ts';
import type { RuleSet } from '../../rules/rule-set.ts';
import { sheetRules } from '../../rules/sheet.ts';
import { variablesIn } from '../../rules/template.ts';
import { agentVersion } from '../../version.ts';
import { hashOfRules } from '../gate.ts';
import type { Sheet } from './words.ts';

/** What a page to sign is made of. */
export interface SheetSource {
  readonly config: Config;
  readonly rules: RuleSet;
  /** The agent's version where the list is the one that comes with it. */
  readonly shippedWith: string | null;
  /** The public port has a certificate. */
  readonly tls: boolean;
  /** What stands for Bitbucket is an example: its address is not set. */
  readonly exampleAddress: boolean;
}

/** What a configuration makes of the page. */
export function sheetOf(source: SheetSource, date: string | null = null): Sheet {
  const { config, rules, shippedWith, tls, exampleAddress } = source;
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
