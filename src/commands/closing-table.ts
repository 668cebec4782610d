import type { RunOutcome } from '../inventory/inventory.ts';
import type { RunState } from '../inventory/ledger/ledger.ts';
import { shownText } from '../shown-text.ts';

const OUTCOMES: Readonly<Record<RunState, string>> = {
  complete: 'complete',
  parked: 'read completely; the receiver refused batches for good',
  failed: 'FAILED, nothing was deleted',
  delivering: 'read completely, NOT delivered yet; the outbox is kept',
  collecting: 'FAILED, nothing was deleted',
};
const LABEL_WIDTH = 14;
const number = new Intl.NumberFormat('en-US');

/**
 * What a run came to, for the end of a command.
 *
 * @param folder where a dry run has put what it would have sent; `null`: it was no dry run
 */
export function closingTable(outcome: RunOutcome, seconds: number, folder: string | null = null): string {
  const { run, parked, requests, waitedMs } = outcome;
  const { seen, changes } = run;
  const lines: [string, string][] = [
    ['run', `${run.runId} (${run.kind})`],
    ['outcome', outcomeOf(run.state, folder)],
    ['users', seen?.users == null ? '-' : `${number.format(seen.users)} seen, from ${seen.usersFrom}`],
    ['repositories', seen?.repositories == null ? '-' : `${number.format(seen.repositories)} seen`],
    ['new', count(changes?.added)],
    ['changed', count(changes?.changed)],
    ['deleted', count(changes?.deleted)],
    ['skipped', skippedText(seen)],
    [folder === null ? 'sent' : 'would be sent', number.format(run.sent)],
    ['requests', `${number.format(requests)} to Bitbucket`],
    ['waited', `${(waitedMs / 1000).toFixed(1)} s for Bitbucket's rate limit`],
    ['seconds', seconds.toFixed(1)],
    ...parked.map(({ sequence, size, status, text }): [string, string] => [
      'parked',
      `batch ${sequence} (${size} entities), status ${status}: ${shownText(text, 500)}`,
    ]),
  ];
  return lines.map(([label, text]) => `${label.padEnd(LABEL_WIDTH)}${text}`).join('\n');
}

const outcomeOf = (state: RunState, folder: string | null): string =>
  folder !== null && state === 'complete'
    ? `dry run: NOTHING WAS SENT; what would leave stands in ${folder}`
    : OUTCOMES[state];

const count = (value: number | undefined): string => (value === undefined ? '-' : number.format(value));

function skippedText(seen: RunOutcome['run']['seen']): string {
  if (seen === null) return '-';
  const reasons = Object.entries(seen.skippedBy).map(([reason, times]) => `${reason} ${times}`);
  return `${number.format(seen.skipped)}${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`;
}
