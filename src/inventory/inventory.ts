import { notNow } from '../bitbucket/barrier.ts';
import { withNamedAnswers } from '../bitbucket/named-answers.ts';
import { type RateBudget, withRateBudget } from '../bitbucket/rate-budget.ts';
import { createJsonReader } from '../bitbucket/read-json.ts';
import type { Login, Send } from '../bitbucket/send.ts';
import { withTimeLimit } from '../bitbucket/time-limit.ts';
import type { CallListener } from '../call.ts';
import { AgentError, type ErrorCode } from '../errors.ts';
import { serveSmall } from '../heap-size.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { Rule } from '../rules/verdict.ts';
import { createOwnCalls, type OwnCalls } from './collect/own-calls.ts';
import type { Destination } from './deliver/destination.ts';
import { fileDestination } from './deliver/file-destination.ts';
import { recorded } from './deliver/recorded.ts';
import type { Resource } from './entity.ts';
import { createEntityIds, type EntityIds } from './entity-id.ts';
import { type InventoryFigures, RunTally } from './figures.ts';
import { KeptInventory, type KeptOptions } from './kept.ts';
import type { Ledger, Place, Scope } from './ledger/ledger.ts';
import { takeLock } from './ledger/lock.ts';
import { clearRehearsals, openRehearsal } from './ledger/rehearsal.ts';
import { checkStateFolder } from './ledger/state-folder.ts';
import { createNormaliser, type Normaliser } from './normalise/normaliser.ts';
import { type PreviewOptions, preview } from './preview.ts';
import { type InventoryStatus, ProgressWatch } from './progress.ts';
import { createPull } from './pull/pull.ts';
import { InventoryRun, type RunOrder, type RunReport } from './run.ts';

export interface InventoryOptions extends KeptOptions {
  /** `apiUrl`: where the REST API is, with scheme. */
  readonly bitbucket: { readonly baseUrl: string; readonly apiUrl: string };
  readonly rules: RuleSet;
  loginOf(rule: Rule): Login | null;
  /** Sends with authorisation; its rate is limited here. */
  readonly send: Send;
  /** Where batches go; `null`: nowhere. */
  readonly destination: Destination | null;
  /** Hears of the calls to Bitbucket (`inventory`) and of each try to deliver a batch (`delivery`). */
  readonly record?: CallListener;
  /** Why no run may start just now; `null` or left out: it may. */
  closed?(): ErrorCode | null;
  /** Records of calls keep the query. */
  readonly keepQuery?: boolean;
  readonly now?: () => number;
}

/** A report, and what the run cost at Bitbucket. */
export interface RunOutcome extends RunReport {
  readonly requests: number;
  /** Milliseconds in which calls waited for Bitbucket's rate limit. */
  readonly waitedMs: number;
}

/** The users and repositories of one Bitbucket: read, kept, sent, shown. */
export class Inventory {
  /** Serves the accept list's rules of origin `agent:`. */
  readonly pull: Send;
  readonly #options: InventoryOptions;
  readonly #now: () => number;
  readonly #ids: EntityIds;
  readonly #normaliser: Normaliser;
  readonly #send: Send;
  readonly #kept: KeptInventory;
  readonly #tally = new RunTally();
  #running: { readonly watch: ProgressWatch; readonly budget: RateBudget } | null = null;

  constructor(options: InventoryOptions) {
    const { bitbucket, now = Date.now } = options;
    this.#options = options;
    this.#now = now;
    this.#ids = createEntityIds(bitbucket.baseUrl);
    this.#normaliser = createNormaliser({ baseUrl: bitbucket.baseUrl });
    this.#send = withTimeLimit(withNamedAnswers(options.send));
    this.#kept = new KeptInventory(options);
    this.pull = createPull(() => this.#kept.reader(), { entityId: this.#ids });
  }

  /** Finds out early whether runs could keep anything. @throws AgentError `STATE_UNUSABLE` */
  checkState(): void {
    checkStateFolder(this.#options.stateDir);
  }

  /**
   * One run, alone in the state folder.
   *
   * @param who how another process is told that this one is at work, such as `sync --once`
   * @throws AgentError `STATE_LOCKED`, `STATE_UNUSABLE`, `RULE_MISSING`, `AUDIT_UNAVAILABLE`: nothing was read then
   */
  async run(order: RunOrder, who: string): Promise<RunOutcome> {
    const { stateDir, destination } = this.#options;
    this.#checkOpen();
    const lock = takeLock(stateDir, who);
    try {
      clearRehearsals(stateDir);
      const ledger = this.#kept.ledger(this.#now);
      return await this.#execute(ledger, order, who, this.#recorded(destination));
    } finally {
      lock.release();
    }
  }

  /** Does what `run` would do, on a copy of the ledger; what would be sent is written into a folder instead. */
  async rehearse(order: RunOrder, who: string, folder: string): Promise<RunOutcome> {
    this.#checkOpen();
    const destination = fileDestination(folder);
    const rehearsal = openRehearsal(this.#options.stateDir, who);
    try {
      const ledger = this.#kept.ledger(this.#now, rehearsal.folder);
      return await this.#execute(ledger, order, who, destination);
    } finally {
      rehearsal.end();
    }
  }

  /** The first entities as they would be sent, straight from Bitbucket; nothing is kept. */
  async preview(
    options: Pick<PreviewOptions, 'type' | 'limit' | 'signal'>,
  ): Promise<readonly Resource<unknown>[]> {
    this.#checkOpen();
    const { concurrency } = this.#options.settings;
    const { calls } = this.#ownCalls();
    const kept = this.#kept.reader();
    const parts = { calls, concurrency, kept, normaliser: this.#normaliser, ids: this.#ids };
    try {
      return await preview({ ...options, ...parts, privacy: this.#kept.privacy(), now: this.#now });
    } finally {
      kept?.close();
    }
  }

  /**
   * When the newest complete run that looked at this part began, epoch milliseconds. `null` as well while something of
   * it waits in the outbox: then a run is due.
   */
  lastComplete(part: keyof Scope): number | null {
    return this.#kept.lastComplete(part);
  }

  /** Those of the repositories that the ledger has: of others no run has been told, or they are gone. */
  known(places: readonly Place[]): readonly Place[] {
    return this.#kept.known(places);
  }

  /** How the inventory does, without waiting for a run. Ledgers that cannot be read show no runs. */
  status(count = 10): InventoryStatus {
    const { watch, budget } = this.#running ?? {};
    return { running: watch?.state ?? null, budget: budget?.state() ?? null, ...this.#kept.runs(count) };
  }

  /** The same in numbers. Never throws. */
  figures(): InventoryFigures {
    const { ended } = this.#tally;
    const budget = this.#running?.budget.state() ?? null;
    const now = { budget, ended, waitedMs: this.#tally.waitedMs + (budget?.waitedMs ?? 0) };
    try {
      return { ...now, ledger: this.#kept.figures() };
    } catch {
      return { ...now, ledger: null };
    }
  }

  #checkOpen(): void {
    const code = this.#options.closed?.() ?? null;
    if (code !== null) throw notNow(code);
  }

  async #execute(
    ledger: Ledger,
    order: RunOrder,
    who: string,
    destination: Destination | null,
  ): Promise<RunOutcome> {
    const { settings, profileName, serviceType } = this.#options;
    const { calls, budget } = this.#ownCalls();
    const watch = new ProgressWatch(who, order.watch);
    this.#running = { watch, budget };
    serveSmall();
    try {
      const run = new InventoryRun(
        {
          calls,
          normaliser: this.#normaliser,
          privacy: this.#kept.privacy(),
          ids: this.#ids,
          destination,
          envelope: { profile: profileName, serviceType },
          concurrency: settings.concurrency,
          now: this.#now,
          expected: this.#kept.lastSeen(),
        },
        ledger,
        { ...order, watch },
      );
      const report = await run.execute();
      this.#tally.add(report.run);
      const { requests, waitedMs } = budget.state();
      return { ...report, error: this.#placed(report.error), requests, waitedMs };
    } finally {
      this.#tally.waitedMs += budget.state().waitedMs;
      this.#running = null;
      ledger.close();
    }
  }

  #recorded(destination: Destination | null): Destination | null {
    const { record, closed = () => null } = this.#options;
    if (destination === null || record === undefined) return destination;
    return recorded(destination, { record: (call) => record('delivery', call), closed });
  }

  /** A Bitbucket that is not there is most likely looked for at the wrong place. */
  #placed(error: AgentError | null): AgentError | null {
    if (error === null || error.hint !== undefined || !error.code.startsWith('DOWNSTREAM_')) return error;
    const hint = `Looked for at ${this.#options.bitbucket.baseUrl}. Check BITBUCKET_URL (or BITBUCKET), DNS, the proxy and the firewall.`;
    return new AgentError(error.code, error.message, { cause: error.cause, hint });
  }

  /** Each run begins with a budget of its own: what Bitbucket bore hours ago says nothing. */
  #ownCalls(): { calls: OwnCalls; budget: RateBudget } {
    const { settings, rules, loginOf, bitbucket, record, keepQuery = false } = this.#options;
    const budget = withRateBudget(this.#send, { concurrency: settings.concurrency });
    const read = createJsonReader(budget.send);
    const calls = createOwnCalls({
      rules,
      loginOf,
      read,
      bitbucket,
      keepQuery,
      record: (call) => record?.('inventory', call),
    });
    return { calls, budget };
  }
}
