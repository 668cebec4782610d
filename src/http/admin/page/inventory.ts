import type { ParkedBatch, Run } from '../../../inventory/ledger/ledger.ts';
import type { InventoryStatus, RunProgress } from '../../../inventory/progress.ts';
import { shownText } from '../../../shown-text.ts';
import { type Html, html, type Shown } from '../html.ts';
import type { AdminStatus, PlaceStatus } from '../status.ts';
import { badge, facts, section, type Tone, table } from './layout.ts';
import { counted, figure, moment, span } from './times.ts';

const MOST_PARKED = 50;

const STAGES = {
  users: 'Reading users',
  repositories: 'Reading repositories',
  enrichment: 'Reading details of repositories',
  delivery: 'Sending',
} as const;

const STATES: Readonly<Record<Run['state'], readonly [Tone, string]>> = {
  collecting: ['plain', 'Reading'],
  delivering: ['plain', 'Sending'],
  complete: ['good', 'Complete'],
  parked: ['warn', 'Parked batches'],
  failed: ['bad', 'Failed'],
};

/** The inventory: the run under way, the newest runs, what the receiver refused, the budget at Bitbucket. */
export function inventorySection({ inventory }: AdminStatus): Html {
  if ('error' in inventory) {
    const text = html`<p class="note bad">The state folder cannot be read: ${inventory.error}.</p>`;
    return section('inventory', 'Inventory', text);
  }
  const { enabled, place, running, budget, runs, parked } = inventory;
  return section(
    'inventory',
    'Inventory',
    html`${!enabled && html`<p>This process keeps no inventory: it only relays.${keptBy(place)}</p>`}
${running !== null && progressOf(running)}
${budget !== null && budgetOf(budget)}
${parked.length > 0 && parkedOf(parked)}
${runs.length > 0 ? runsOf(runs) : enabled && html`<p>No run yet.</p>`}`,
  );
}

function keptBy(place: PlaceStatus | undefined): Shown {
  if (place === undefined) return null;
  return place.kind === 'there'
    ? html` The agent at <code>${place.url}</code> keeps it.`
    : ' No agent can be asked for it: the rules of the origin agent: are off.';
}

function progressOf({ by, stage, done, total, skipped }: RunProgress): Html {
  const what = stage === null ? 'Starting' : STAGES[stage];
  const meter =
    total === null || total === 0
      ? html`<progress aria-label="Progress of the run"></progress>`
      : html`<progress aria-label="Progress of the run" max="${total}" value="${Math.min(done, total)}"></progress>`;
  return html`<div class="running">
<p>${badge('plain', 'A run is under way')} started by <code>${by}</code>. ${what}: ${figure(done)}${total !== null && ` of about ${figure(total)}`}${skipped > 0 && `; ${counted(skipped, 'record')} left out`}.</p>
${meter}
</div>`;
}

const budgetOf = (budget: NonNullable<InventoryStatus['budget']>): Html => html`<h3>Budget at Bitbucket</h3>
${facts([
  ['Calls at once', `${figure(budget.inFlight)} of at most ${figure(budget.limit)}`],
  ['Waiting', figure(budget.waiting)],
  ['Calls of this run', figure(budget.requests)],
  ['Waited for the rate limit', span(budget.waitedMs)],
])}`;

function parkedOf(parked: readonly ParkedBatch[]): Html {
  const shown = parked.slice(0, MOST_PARKED);
  return html`<h3>Parked batches</h3>
<p class="note warn">The receiver refused ${counted(parked.length, 'batch', 'batches')} for good. Nothing of them is lost: the next
run sends what is in them again.</p>
${table<ParkedBatch>({
  caption: shown.length < parked.length ? `The first ${MOST_PARKED} parked batches` : 'Parked batches',
  columns: [
    { name: 'Batch', kind: 'figures', cell: ({ sequence }) => figure(sequence) },
    { name: 'Entities', kind: 'figures', cell: ({ size }) => figure(size) },
    { name: 'Status', kind: 'figures', cell: ({ status }) => String(status) },
    { name: "The receiver's words", kind: 'long', cell: ({ text }) => shownText(text, 500) },
    { name: 'Run', cell: ({ runId }) => html`<code>${runId}</code>` },
  ],
  rows: shown,
})}`;
}

const runsOf = (runs: readonly Run[]): Html => html`<h3>Newest runs</h3>
${table<Run>({
  caption: 'The newest runs',
  columns: [
    { name: 'Run', kind: 'figures', cell: ({ number }) => String(number) },
    { name: 'State', kind: 'long', cell: stateOf },
    { name: 'Began', cell: ({ startedAt }) => moment(startedAt) },
    { name: 'Took', kind: 'figures', cell: tookOf },
    { name: 'Users', kind: 'figures', cell: ({ seen }) => seenOf(seen?.users) },
    { name: 'Repositories', kind: 'figures', cell: ({ seen }) => seenOf(seen?.repositories) },
    { name: 'Left out', kind: 'figures', cell: ({ seen }) => seenOf(seen?.skipped) },
    { name: 'New, changed, gone', cell: changesOf },
    { name: 'Sent', kind: 'figures', cell: ({ sent }) => figure(sent) },
  ],
  rows: runs,
})}`;

function stateOf({ state, kind, partial, error }: Run): Shown {
  const [tone, text] = STATES[state];
  const full = kind === 'snapshot' && html` <span class="quiet">full</span>`;
  const some = partial === true && html` <span class="quiet">marked repositories only</span>`;
  const why = error !== null && html`<br><code>${error.code}</code> ${shownText(error.message, 300)}`;
  return html`${badge(tone, text)}${full}${some}${why}`;
}

const tookOf = ({ startedAt, endedAt }: Run): string =>
  endedAt === null ? '–' : span(Date.parse(endedAt) - Date.parse(startedAt));

const seenOf = (count: number | null | undefined): string => (count == null ? '–' : figure(count));

const changesOf = ({ changes }: Run): string =>
  changes === null ? '–' : [changes.added, changes.changed, changes.deleted].map(figure).join(', ');
