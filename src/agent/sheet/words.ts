import type { FirewallRow } from '../../network/firewall-table.ts';
import { REFUSED_ALWAYS, type SheetRule } from '../../rules/sheet.ts';

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

/** One rule, as it stands in its table. */
export interface RuleRow {
  readonly id: string;
  readonly call: string;
  readonly purpose: string;
  readonly permission: string;
  readonly target: string;
  /** To be seen at first sight. */
  readonly writes: boolean;
}

/** What every form of the page says, in the order in which it stands there. */
export interface SheetText {
  readonly title: string;
  readonly summary: readonly string[];
  readonly toBitbucket: readonly RuleRow[];
  readonly toSnyk: readonly RuleRow[];
  readonly refused: readonly string[];
  readonly firewall: readonly (readonly string[])[];
  readonly hash: string;
  readonly aboutHash: string;
  /** Below `SIGNATURE`; empty where it is to be written by hand. */
  readonly signature: readonly string[];
}

export const RULE_HEADINGS = ['Rule', 'Call', 'What for', 'Permission', 'Goes to'] as const;
export const FIREWALL_HEADINGS = ['Direction', 'Peer', 'Port', 'Protocol', 'Purpose'] as const;
export const SIGNATURE = ['Name', 'Role', 'Date', 'Signature'] as const;

const ABOUT_HASH =
  'The hash covers every rule in force: its order, id, method, path, origin, login and conditions; not hosts, comments and purposes. With RULES_HASH set to it the agent does not start with other rules.';

/** The page in words, not yet written in any format. */
export function sheetText(sheet: Sheet): SheetText {
  const rows = (list: SheetRule['list']) => sheet.rules.filter((rule) => rule.list === list).map(ruleRow);
  return {
    title: 'What this agent may ask of Bitbucket',
    summary: summary(sheet),
    toBitbucket: rows('private'),
    toSnyk: rows('public'),
    refused: REFUSED_ALWAYS,
    firewall: sheet.firewall.map((row) => [row.direction, row.peer, row.port, row.protocol, row.purpose]),
    hash: sheet.hash,
    aboutHash: ABOUT_HASH,
    signature: SIGNATURE.map((name) => (name === 'Date' ? (sheet.date ?? '') : '')),
  };
}

const summary = ({ version, list, writesAllowed, rules, addresses, exampleAddress }: Sheet): string[] => [
  `bitbucket-agent ${version}; the accept list is ${list}.`,
  writesAllowed && rules.some(({ writes }) => writes)
    ? 'ALLOW_WRITES is true: rules marked WRITES may change things at Bitbucket.'
    : 'Nothing can be changed at Bitbucket: only GET and HEAD leave for it.',
  ...addresses.map(({ name, value }) => `\${${name}} stands for ${value}.`),
  ...(exampleAddress ? ['bitbucket.example.com stands for the address of Bitbucket.'] : []),
];

function ruleRow(rule: SheetRule): RuleRow {
  const { list, id, method, path, does, writes, purpose, permission, conditions, target, login } = rule;
  const verb = `${does.charAt(0).toUpperCase()}${does.slice(1)}${writes ? ' — WRITES' : ''}`;
  const only = conditions.length === 0 ? [] : ['Only if:', ...conditions];
  return {
    id,
    call: `${method} ${path}`,
    purpose: [...(purpose?.startsWith(`${verb} `) ? [] : [`${verb}.`]), purpose ?? '', ...only]
      .filter(Boolean)
      .join(' '),
    permission: permission ?? '-',
    target: list === 'public' || login === 'none' ? target : `${target}; login: ${login}`,
    writes,
  };
}
