import { diff as diffRules, type RuleChange, type RulesDiff } from '../../rules/diff.ts';
import { markdownCode, markdownText, shown } from '../../rules/formats.ts';
import { EXIT, ending } from '../ending.ts';
import { loadList } from './load.ts';

export interface DiffOptions {
  readonly format: 'text' | 'md' | 'json';
}

/**
 * `bitbucket-agent rules diff OLD NEW`: what the new list allows, refuses and sends elsewhere. Exit code 1 where it
 * allows something that the old one does not, sends an allowed call elsewhere or with another login, or has a new rule of
 * which that cannot be told.
 */
export function diff(before: string, after: string, options: DiffOptions): Promise<void> {
  return ending(async () => {
    const found = diffRules(loadList(before).rules, loadList(after).rules);
    process.stdout.write(diffText(found, options.format));
    const unclear = found.withoutEffect.some((rule) => rule.unclear);
    return found.newlyAllowed.length + found.changed.length > 0 || unclear ? EXIT.no : EXIT.ok;
  }, EXIT.defect);
}

/** A difference in one of its formats. */
function diffText(found: RulesDiff, format: DiffOptions['format']): string {
  if (format === 'json') return `${JSON.stringify(plain(found), null, 2)}\n`;
  const sections = [
    ['newly allowed', '+', found.newlyAllowed],
    ['newly refused', '-', found.newlyRefused],
    ['goes otherwise', '~', found.changed],
  ] as const;
  const blocks = sections
    .filter(([, , changes]) => changes.length > 0)
    .map(([title, mark, changes]) =>
      format === 'md'
        ? [`## ${sentence(title)} (${changes.length})`, '', ...changes.map(markdownChange)].join('\n')
        : [`${title} (${changes.length})`, ...changes.map((change) => textChange(mark, change))].join('\n'),
    );
  if (found.withoutEffect.length > 0) blocks.push(withoutEffect(found.withoutEffect, format));
  return blocks.length === 0 ? 'no difference\n' : `${blocks.join('\n\n')}\n`;
}

function withoutEffect(rules: RulesDiff['withoutEffect'], format: 'text' | 'md'): string {
  const title = 'added or removed, but no call was found that is decided differently';
  const lines = rules.map(
    ({ what, where, writesOff, unclear }) =>
      `${what}: ${where}${writesOff ? ' (writes are off)' : unclear ? ' (it may allow something new)' : ''}`,
  );
  return format === 'md'
    ? [`## ${sentence(title)}`, '', ...lines.map((line) => `- ${markdownText(line)}`)].join('\n')
    : [`${title} (${rules.length})`, ...lines.map((line) => `  ${shown(line)}`)].join('\n');
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function callOf({ example }: RuleChange): string {
  const more = [
    ...Object.entries(example.headers).map(([name, value]) => `header ${name}: ${value}`),
    ...(example.body === null ? [] : [`body ${example.body.toString('utf8')}`]),
  ];
  return [`${example.method} ${example.url}`, ...more].join(', ');
}

function why(change: RuleChange): string[] {
  const [, ...others] = change.methods;
  return [...reasons(change), ...(others.length === 0 ? [] : [`likewise: ${others.join(', ')}`])];
}

const reasons = ({ before, after, otherwise }: RuleChange): string[] =>
  otherwise.length > 0
    ? [...otherwise, ...(after.where === null ? [] : [after.where])]
    : [`before: ${before.where ?? before.reason}`, `after: ${after.where ?? after.reason}`];

const textChange = (mark: string, change: RuleChange): string =>
  [
    `  ${mark} ${shown(callOf(change))}${change.write ? '  WRITES' : ''}`,
    ...why(change).map((line) => `      ${shown(line)}`),
  ].join('\n');

const markdownChange = (change: RuleChange): string =>
  `- ${markdownCode(callOf(change))}${change.write ? ' **writes**' : ''}: ${why(change).map(markdownText).join('; ')}`;

function plain(found: RulesDiff): unknown {
  const change = ({ example, ...rest }: RuleChange) => {
    const { method, url, headers, body } = example;
    return { ...rest, example: { method, url, headers, body: body === null ? null : body.toString('utf8') } };
  };
  return {
    newlyAllowed: found.newlyAllowed.map(change),
    newlyRefused: found.newlyRefused.map(change),
    changed: found.changed.map(change),
    withoutEffect: found.withoutEffect,
  };
}
