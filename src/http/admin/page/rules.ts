import { type Html, html } from '../html.ts';
import type { AdminStatus, LintStatus, RuleStatus } from '../status.ts';
import { badge, bar, facts, section, table } from './layout.ts';
import { counted, figure, moment } from './times.ts';

const MOST_FINDINGS = 50;

/** The accept list: which one it is, what is to be said about it, and how often each rule was used. */
export function rulesSection({ rules }: AdminStatus): Html {
  const { file, shipped, writes, hash, lint, rules: list } = rules;
  const inbound = list.filter((rule) => rule.list === 'private').length;
  const most = Math.max(1, ...list.map(({ hits }) => hits));
  const byUse = list.toSorted((one, other) => other.hits - one.hits);
  const used = list.filter(({ hits }) => hits > 0).length;
  return section(
    'rules',
    'Rules',
    html`${facts([
      ['Accept list', html`<code>${file}</code>${shipped && ' (comes with the agent)'}`],
      ['Rules', `${figure(inbound)} for calls to Bitbucket, ${figure(list.length - inbound)} for webhooks`],
      ['Writes', writes ? badge('warn', 'Allowed') : badge('good', 'Off: only GET and HEAD')],
      ['Hash', hash === undefined ? null : html`<code>${hash}</code>`, 'wide'],
      ['Lint', lint === undefined ? null : lintBadge(lint)],
    ])}
${lint !== undefined && findings(lint)}
<details id="rule-hits" open>
<summary>Hits per rule since the start: ${figure(used)} of ${counted(list.length, 'rule')} used</summary>
${table<RuleStatus>({
  caption: 'Rules by use, the most used first',
  columns: [
    { name: 'Rule', kind: 'long', cell: ({ id }) => html`<code>${id}</code>` },
    { name: 'Allows', kind: 'long', cell: ({ method, path }) => html`<code>${method} ${path}</code>` },
    { name: 'Purpose', kind: 'long', cell: ({ purpose }) => purpose ?? '–' },
    { name: 'Share', cell: ({ hits }) => bar((100 * hits) / most) },
    { name: 'Hits', kind: 'figures', cell: ({ hits }) => figure(hits) },
    { name: 'Last', cell: ({ lastAt }) => (lastAt === null ? '–' : moment(lastAt)) },
  ],
  rows: byUse,
})}
</details>
<p>To print and sign: <a href="/rules/sheet">the sheet of these rules</a>, also <a href="/rules/sheet.md">as Markdown</a>.</p>
<p class="hint">As JSON: <a href="/rules">/rules</a>, and as Snyk is told them <a href="/filters">/filters</a>.</p>`,
  );
}

function lintBadge({ errors, warnings }: LintStatus): Html {
  if (errors === 0 && warnings === 0) return badge('good', 'Nothing to say');
  return badge(errors > 0 ? 'bad' : 'warn', `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`);
}

function findings({ findings: all }: LintStatus): Html | null {
  if (all.length === 0) return null;
  const lines = all
    .slice(0, MOST_FINDINGS)
    .map(
      ({ level, ruleId, text }) =>
        html`<li><strong>${level}</strong> ${ruleId !== null && html`<code>${ruleId}</code>: `}${text}</li>\n`,
    );
  const rest = all.length - lines.length;
  return html`<details id="lint-findings">
<summary>${counted(all.length, 'finding')}</summary>
<ul>
${lines}</ul>
${rest > 0 && html`<p class="hint">And ${figure(rest)} more.</p>`}
</details>`;
}
