import type { Config } from '../config/config.ts';
import { AgentError } from '../errors.ts';
import type { Inventory, RunOutcome } from '../inventory/inventory.ts';
import type { Run, Scope } from '../inventory/ledger/ledger.ts';
import type { Marks } from '../inventory/marks.ts';
import type { RunWatch } from '../inventory/run.ts';
import type { RunEnd, ScheduleOptions } from '../inventory/schedule.ts';
import type { Log } from '../log.ts';
import type { Tunnel } from '../tunnel/tunnel.ts';

/** Of marked repositories; the others wait for the next run. */
const MOST_AT_ONCE = 100;

const PARKED_HINT =
  'The receiver refused them for good; the lines `batch parked` have its words. The next run sends those entities again.';

/** A run of the schedule: its end is a line in the log, its failure is for the schedule to try again. */
export function scheduledRun(
  inventory: Inventory,
  tunnel: Pick<Tunnel, 'opened'>,
  delivery: Config['inventory']['delivery']['by'],
  log: Log,
): ScheduleOptions['run'] {
  return async (scope, signal, shouldYield) => {
    if (delivery === 'tunnel') await tunnel.opened(signal, Number.POSITIVE_INFINITY);
    if (signal.aborted) return { outcome: 'again', enrichmentLeft: 0 };
    log.info('inventory run starts', { parts: partsOf(scope) });
    try {
      const outcome = await inventory.run(
        { scope, full: false, signal, shouldYield, watch: logWatch(log) },
        'run',
      );
      return tellEnd(outcome, log);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      const { code, message, hint } = error;
      log.warn('inventory run did not start', { code, reason: message, hint });
      return { outcome: 'again', enrichmentLeft: 0 };
    }
  };
}

/**
 * Reads the repositories that webhooks have marked, those that the ledger knows. What cannot be read now is marked again;
 * nothing waits for it, and no other run is put off.
 */
export function markedRun(
  marks: Marks,
  inventory: Pick<Inventory, 'known' | 'run'>,
  tunnel: Pick<Tunnel, 'open'>,
  delivery: Config['inventory']['delivery']['by'],
  log: Log,
): (signal: AbortSignal) => Promise<void> {
  return async (signal) => {
    let waiting = marks.take();
    try {
      waiting = inventory.known(waiting);
      if (delivery === 'tunnel' && !tunnel.open) return marks.putBack(waiting, 'failed');
      marks.putBack(waiting.slice(MOST_AT_ONCE), 'later');
      waiting = waiting.slice(0, MOST_AT_ONCE);
      if (waiting.length === 0) return;
      log.info('inventory run starts', { marked: waiting.length });
      const scope = { users: false, repositories: true, enrichment: true };
      const outcome = await inventory.run(
        { scope, full: false, signal, marked: waiting, watch: logWatch(log) },
        'run, for marked repositories',
      );
      if (tellEnd(outcome, log).outcome === 'again') marks.putBack(waiting, 'failed');
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      const { code, message, hint } = error;
      log.warn('inventory run did not start', { code, reason: message, hint });
      if (code === 'RULE_MISSING') marks.close();
      // A whole run is due then, and reads these too.
      else if (code !== 'NOT_COLLECTED') marks.putBack(waiting, 'failed');
    }
  };
}

function tellEnd({ run, error, parked, requests, waitedMs, enrichmentLeft }: RunOutcome, log: Log): RunEnd {
  const fields = { ...runFields(run), requests, waitedMs: Math.round(waitedMs) };
  if (error !== null) {
    const { code, message: reason, hint } = error;
    const stopped = code === 'RUN_INTERRUPTED';
    log[stopped ? 'info' : 'error']('inventory run failed', { ...fields, code, reason, hint });
    return { outcome: 'again', enrichmentLeft };
  }
  if (run.state === 'parked')
    log.error('inventory run has parked batches', { ...fields, parked: parked.length, hint: PARKED_HINT });
  else log.info('inventory run complete', fields);
  return { outcome: 'done', enrichmentLeft };
}

const runFields = ({ runId, scope, partial, kind, state, seen, changes, sent }: Run) => ({
  runId,
  ...(partial ? { partial } : {}),
  parts: partsOf(scope),
  kind,
  state,
  ...seen,
  ...changes,
  sent,
});

const partsOf = (scope: Scope): string[] =>
  (['users', 'repositories', 'enrichment'] as const).filter((part) => scope[part]);

/** Progress is not told; skips are counted in the end and told one by one only at debug. */
function logWatch(log: Log): RunWatch {
  return {
    note: (note) => log.warn('inventory', { note }),
    progress() {},
    delivery(event) {
      if (event.kind === 'parked') log.error('batch parked', { ...event });
      else if (event.kind === 'again') {
        const { error, ...rest } = event;
        log.warn('batch is tried again', { ...rest, code: error?.code, reason: error?.message });
      } else log.debug('batch', { ...event, event: event.kind });
    },
    skipped: (skip) => log.debug('skipped', { ...skip }),
  };
}
