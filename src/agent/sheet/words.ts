import type { FirewallRow } from '../../network/firewall-table.ts';
import type { SheetRule } from '../../rules/sheet.ts';

/** All that stands on the page to be signed. */
export interface Sheet {
  readonly version: string;
  /** The list that comes with the agent, or its path. */
  readonly list: string;
  readonly rules: readonly SheetRule[];
  readonly firewall: readonly FirewallRow[];
  readonly writesAllowed: boolean;
  /** What the variables in origins stand for. */
  readonly addresses: readonly { readonly name: string; readonly value: string }[];
  readonly hash: string;
  readonly date: string | null;
  /** Bitbucket's address is an example. */
  readonly exampleAddress: boolean;
}

/** What both forms of the page say. */
export const TITLE = 'What this agent may ask of Bitbucket';

export const RULE_HEADINGS = ['Rule', 'Call', 'What for', 'Permission', 'Goes to'] as const;
export const FIREWALL_HEADINGS = ['Direction', 'Peer', 'Port', 'Protocol', 'Purpose'] as const;
export const SIGNATURE = ['Name', 'Role', 'Date', 'Signature'] as const;

/** What stands under the title. */
export const summary = ({
  version,
  list,
  writesAllowed,
  rules,
  addresses,
  exampleAddress,
}: Sheet): string[] => [
  `bitbucket-agent ${version}; the accept list is ${list}.`,
  writesAllowed && rules.some(({ writes }) => writes)
    ? 'ALLOW_WRITES is true: rules marked WRITES may change things at Bitbucket.'
    : 'Nothing can be changed at Bitbucket: only GET and HEAD leave for it.',
  ...addresses.map(({ name, value }) => `\${${name}} stands for ${value}.`),
  ...(exampleAddress ? ['bitbucket.example.com stands for the address of Bitbucket.'] : []),
];

/** What stands in a rule's last three cells. */
export function cellsOf(rule: SheetRule): { purpose: string; permission: string; target: string } {
  const { list, does, writes, purpose, permission, conditions, target, login } = rule;
  const verb = `${does.charAt(0).toUpperCase()}${does.slice(1)}${writes ? ' — WRITES' : ''}`;
  const only = conditions.length === 0 ? [] : ['Only if:', ...conditions];
  return {
    purpose: [...(purpose?.startsWith(`${verb} `) ? [] : [`${verb}.`]), purpose ?? '', ...only]
      .filter(Boolean)
      .join(' '),
    permission: permission ?? '-',
    target: list === 'public' || login === 'none' ? target : `${target}; login: ${login}`,
  };
}

export const ABOUT_HASH =
  'The hash covers every rule in force: its order, id, method, path, origin, login and conditions; not hosts, comments and purposes. With RULES_HASH set to it the agent does not start with other rules.';
