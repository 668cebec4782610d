import { type Pause, pause as realPause } from '../../bitbucket/pause.ts';
import { failureCode, placeOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { Network } from '../../network/network.ts';
import type { Place } from '../ledger/ledger.ts';
import type { Marks } from '../marks.ts';
import {
  KEEPER_KEEP_ALIVE_MS,
  KEEPER_LIMITS,
  type Keeper,
  keeperAuthorization,
  keeperPlace,
  MARKS_PATH,
  refusalHint,
  refusalOf,
  SILENCE_HINT,
} from './keeper.ts';
import { noticeOf } from './mark-notice.ts';
import { Outage } from './outage.ts';

export interface MarkCourierOptions {
  /** What waits to be handed over. */
  readonly marks: Marks;
  readonly network: Network;
  readonly keeper: Keeper;
  readonly log: Log;
  readonly now?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  readonly pause?: Pause;
}

/** So many fit into a notice, however their names are written. */
const AT_ONCE = 100;
const LOOK_MS = 30_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** For one notice and its answer. */
const WHOLE_MS = 45_000;

/**
 * Hands the repositories that webhooks have marked over to the agent that keeps the inventory, and tries again until
 * it has taken them. They are kept in memory only: what is lost with the process is read by the next enrichment.
 */
export class MarkCourier {
  readonly #options: Required<MarkCourierOptions>;
  readonly #post: (body: string, signal: AbortSignal) => Promise<Refusal | null>;
  readonly #outage: Outage;
  readonly #stop = new AbortController();
  readonly #giveUp = new AbortController();
  #loop: Promise<void> | null = null;
  #failures = 0;

  constructor(options: MarkCourierOptions) {
    this.#options = { now: Date.now, random: Math.random, pause: realPause, ...options };
    this.#post = postTo(options.network, options.keeper);
    this.#outage = new Outage(options.log, 'marked repositories cannot be handed over');
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Tries once more, for `ms` at most, and ends. No mark may come any more. */
  async drain(ms: number): Promise<void> {
    const limit = setTimeout(() => this.#giveUp.abort(), ms);
    this.#stop.abort();
    await this.#loop;
    const { marks, log } = this.#options;
    if (marks.size > 0 && !this.#giveUp.signal.aborted) await this.#handOver();
    clearTimeout(limit);
    if (marks.size > 0) log.warn('marked repositories are lost', { count: marks.size, hint: LOST_HINT });
    marks.close();
  }

  async #run(): Promise<void> {
    const { marks, now, pause, random, log } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const wait = (marks.dueAt() ?? Number.POSITIVE_INFINITY) - now();
      if (wait > 0) await pause(Math.min(wait, LOOK_MS), AbortSignal.any([signal, marks.changed]));
      else if (!(await this.#handOver())) {
        const most = Math.min(FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 20), LONGEST_RETRY_MS);
        log.debug('marked repositories wait', { count: marks.size });
        await pause(most * (0.5 + random() / 2), signal);
      }
    }
  }

  /** @returns whether all were taken; the others wait again */
  async #handOver(): Promise<boolean> {
    const { marks, log } = this.#options;
    let waiting: readonly Place[] = marks.take();
    let refusal: Refusal | null = null;
    while (waiting.length > 0 && refusal === null) {
      try {
        refusal = await this.#post(noticeOf(waiting.slice(0, AT_ONCE)), this.#giveUp.signal);
        if (refusal === null) waiting = waiting.slice(AT_ONCE);
      } catch (error) {
        log.error('defect', placeOf(error));
        refusal = { reason: 'INTERNAL', hint: 'Report it, with the log line before this one.' };
      }
    }
    marks.putBack(waiting, 'later');
    if (refusal === null) {
      this.#failures = 0;
      this.#outage.succeeded();
      return true;
    }
    this.#failures += 1;
    this.#outage.failed(refusal.reason, refusal.hint);
    return false;
  }
}

const LOST_HINT = 'They are read in the next enrichment (SYNC_ENRICHMENT_EVERY).';

interface Refusal {
  readonly reason: string;
  readonly hint: string;
}

/** Posts one notice. @returns why it was not taken; `null`: it was */
function postTo(
  network: Network,
  keeper: Keeper,
): (body: string, signal: AbortSignal) => Promise<Refusal | null> {
  const { origin, basePath } = keeperPlace(keeper);
  const { connectMs, firstByteMs, idleMs } = KEEPER_LIMITS;
  const pool = network.dispatcher(origin, {
    connections: 1,
    connectTimeoutMs: connectMs,
    keepAliveMs: KEEPER_KEEP_ALIVE_MS,
  });
  return async (body, given) => {
    const signal = AbortSignal.any([given, AbortSignal.timeout(WHOLE_MS)]);
    try {
      const {
        statusCode,
        headers,
        body: answer,
      } = await pool.request({
        origin,
        path: basePath + MARKS_PATH,
        method: 'POST',
        headers: { authorization: keeperAuthorization(keeper), 'content-type': 'application/json' },
        body,
        signal,
        headersTimeout: firstByteMs,
        bodyTimeout: idleMs,
      });
      // The status is the answer; what is behind it is read so that the connection can be used again.
      await answer.dump().catch(() => {});
      if (statusCode === 204) return null;
      const reason = refusalOf(statusCode, headers);
      return { reason, hint: refusalHint(statusCode, reason) };
    } catch (error) {
      // Both signals are time limits, and what they throw has no code.
      return { reason: signal.aborted ? 'ETIMEDOUT' : failureCode(error), hint: SILENCE_HINT };
    }
  };
}
