import type { Road } from '../../../call.ts';
import { type Html, html, type Shown } from '../html.ts';
import type { RecentCall } from '../status.ts';
import { badge, choice, table } from './layout.ts';
import { REASONS } from './reasons.ts';
import { figure, moment } from './times.ts';

const LONGEST_FILTER = 200;
/** `CallRecord` has no more of a path. */
const CUT_PATH = 500;

const ROADS: Readonly<Record<Road, string>> = {
  tunnel: 'Tunnel',
  'http-relay': 'HTTP relay',
  inventory: 'Inventory',
  webhook: 'Webhook',
  delivery: 'Delivery',
};

/** What of the recent decisions is to be shown; empty texts stand for all. */
export interface DecisionFilter {
  readonly road: string;
  /** `allowed` or `refused`. */
  readonly verdict: string;
  /** In the path, the rule's id or the reason, in any case. */
  readonly text: string;
}

/** From a request's query, whatever is in it. */
export function filterOf(query: Readonly<Record<string, unknown>>): DecisionFilter {
  const text = (name: string) => {
    const value = query[name];
    return typeof value === 'string' ? value.trim().slice(0, LONGEST_FILTER) : '';
  };
  return { road: text('road'), verdict: text('verdict'), text: text('text') };
}

export function filtered(all: readonly RecentCall[], filter: DecisionFilter): readonly RecentCall[] {
  const { road, verdict } = filter;
  const text = filter.text.toLowerCase();
  return all.filter(
    (one) =>
      (road === '' || one.road === road) &&
      (verdict === '' || verdict === (one.allowed ? 'allowed' : 'refused')) &&
      (text === '' ||
        [one.path, one.ruleId ?? '', one.reason].some((field) => field.toLowerCase().includes(text))),
  );
}

/** The newest decisions. The form stands apart from what the refresh replaces. */
export function decisionsSection(all: readonly RecentCall[], filter: DecisionFilter): Html {
  const shown = filtered(all, filter);
  const count =
    shown.length === all.length
      ? `The newest ${figure(all.length)} of this process.`
      : `${figure(shown.length)} of the newest ${figure(all.length)}.`;
  return html`<section id="decisions" aria-labelledby="decisions-heading">
<h2 id="decisions-heading">Recent decisions</h2>
<form method="get" action="/#decisions" role="search" aria-label="Filter the decisions">
${choice('road', 'Way', [['', 'all'], ...Object.entries(ROADS)], filter.road)}
${choice(
  'verdict',
  'Verdict',
  [
    ['', 'all'],
    ['allowed', 'allowed'],
    ['refused', 'refused'],
  ],
  filter.verdict,
)}
<label class="wide">Text in path, rule or reason <input type="search" name="text" value="${filter.text}" maxlength="${LONGEST_FILTER}" autocomplete="off" spellcheck="false"></label>
<button>Filter</button>
${shown.length < all.length && html`<a href="/#decisions">Show all</a>`}
</form>
<div id="decision-list" data-live>
<p class="hint">${count}</p>
${shown.length > 0 && listOf(shown)}
</div>
</section>
`;
}

const listOf = (decisions: readonly RecentCall[]): Html =>
  table<RecentCall>({
    caption: 'Recent decisions, newest first',
    columns: [
      { name: 'Time', cell: ({ at }) => moment(at) },
      { name: 'Way', cell: ({ road }) => ROADS[road] },
      { name: 'Call', kind: 'long', cell: ({ method, path }) => html`<code>${method} ${path}</code>` },
      {
        name: 'Verdict',
        cell: ({ allowed }) => (allowed ? badge('good', 'Allowed') : badge('bad', 'Refused')),
      },
      { name: 'Rule or reason', cell: reasonOf },
      { name: 'Status', kind: 'figures', cell: ({ status }) => (status === 0 ? '–' : String(status)) },
      { name: 'Took', kind: 'figures', cell: ({ ms }) => `${figure(Math.round(ms))} ms` },
      { name: 'Why', cell: explainLink },
    ],
    rows: decisions,
    compact: true,
  });

/** The rule, or why there is none; and the code of what became of an allowed call that failed. */
function reasonOf({ ruleId, reason, code, cause }: RecentCall): Shown {
  const failure = [code === 'FILTER_BLOCKED' ? undefined : code, cause].filter((one) => one !== undefined);
  const why =
    ruleId === null ? html`<span title="${REASONS[reason]}">${reason}</span>` : html`<code>${ruleId}</code>`;
  return html`${why}${failure.length > 0 && html`<br><span class="quiet">${failure.join(', ')}</span>`}`;
}

/** What the agent sends itself is asked of no rule; of a path that was cut the rules would say something else. */
function explainLink({ road, method, path }: RecentCall): Shown {
  if (road === 'delivery' || path.length >= CUT_PATH) return '–';
  const query = new URLSearchParams({ method, url: path, ...(road === 'webhook' ? { list: 'public' } : {}) });
  return html`<a href="/rules/explain?${query.toString()}" aria-label="Explain ${method} ${path}">Explain</a>`;
}
