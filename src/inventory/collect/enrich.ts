import { interrupted } from '../../bitbucket/fetch.ts';
import { RefusedError } from '../../bitbucket/refused-error.ts';
import { AgentError, type ErrorCode } from '../../errors.ts';
import type { RepositoryAttributes, Skip } from '../entity.ts';
import type { Ledger, Place } from '../ledger/ledger.ts';
import { enriched } from '../normalise/enriched.ts';
import type { Privacy } from '../privacy.ts';
import type { OwnCalls } from './own-calls.ts';
import { isNotPermitted } from './permission.ts';
import type { EnrichmentPlan } from './plan.ts';
import type { Progress } from './progress.ts';
import { RepositoryFacts } from './repository-facts.ts';
import { repositoryPath } from './rest-path.ts';
import { SkipCount } from './skip-count.ts';
import { runTogether } from './task-group.ts';

export interface EnrichOptions {
  readonly plan: EnrichmentPlan;
  readonly calls: Pick<OwnCalls, 'get'>;
  readonly ledger: Pick<
    Ledger,
    'takePlaces' | 'rememberPlaces' | 'placesLeft' | 'recordOf' | 'enrichments' | 'enrich'
  >;
  readonly privacy: Pick<Privacy, 'enrichment'>;
  /** How many repositories are read at the same time. */
  readonly concurrency: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Asked before each repository; `true` leaves the rest for another time. */
  readonly shouldYield?: () => boolean;
  readonly progress?: (progress: Progress) => void;
  /** Hears each skip that is counted. */
  readonly skipped?: (skip: Skip) => void;
}

export interface EnrichOutcome {
  readonly enriched: number;
  readonly skipped: number;
  /** How often each reason, `repository:busy` → 2. */
  readonly skippedBy: Readonly<Record<string, number>>;
  /** Repositories that were left for another time. */
  readonly left: number;
}

/** Places that are held outside of the ledger. */
const CHUNK = 32;
/** After so many failures without an answer in between it is asked whether it is the server that fails. */
const SUSPICIOUS = 20;
const SERVER_URL = '/projects?limit=1';

/** Failures of one call that may be the repository's own, and the word each is counted by. */
const REASONS: Partial<Record<ErrorCode, string>> = {
  BITBUCKET_BUSY: 'busy',
  DOWNSTREAM_TIMEOUT: 'no-answer',
  DOWNSTREAM_UNREACHABLE: 'no-answer',
  DOWNSTREAM_ERROR: 'no-answer',
  PAGE_NOT_JSON: 'unreadable',
  PAGE_TOO_LARGE: 'unreadable',
  PAGE_INVALID: 'unreadable',
  PAGES_IN_CIRCLES: 'unreadable',
};

/**
 * The second pass over the repositories that the run has stored. Each is kept as it comes, so a pass that ends early
 * loses nothing. A repository that cannot be read keeps what was known of it, and is a counted skip.
 *
 * @throws AgentError when Bitbucket itself does not answer any more, when the login stops working, when a rule is
 * missing; `RUN_INTERRUPTED` when it was stopped
 */
export async function enrich(options: EnrichOptions): Promise<EnrichOutcome> {
  if (options.signal.aborted) throw interrupted();
  const pass = new EnrichmentPass(options);
  const workers = Array.from({ length: options.concurrency }, () => pass.work);
  await runTogether(options.signal, workers);
  return pass.outcome();
}

class EnrichmentPass {
  readonly #options: EnrichOptions;
  readonly #facts: RepositoryFacts;
  readonly #skips: SkipCount;
  readonly #total: number;
  #chunk: Place[] = [];
  #enriched = 0;
  #failedInARow = 0;

  constructor(options: EnrichOptions) {
    this.#options = options;
    this.#facts = new RepositoryFacts(options.plan, options.calls);
    this.#skips = new SkipCount(options.skipped);
    this.#total = options.ledger.placesLeft();
  }

  outcome(): EnrichOutcome {
    const { ledger } = this.#options;
    ledger.rememberPlaces(this.#chunk);
    this.#chunk = [];
    const { count: skipped, by: skippedBy } = this.#skips;
    return { enriched: this.#enriched, skipped, skippedBy, left: ledger.placesLeft() };
  }

  readonly work = async (signal: AbortSignal): Promise<void> => {
    for (let place = this.#next(signal); place !== null; place = this.#next(signal)) {
      await this.#one(place, signal);
      const done = this.#enriched + this.#skips.count;
      this.#options.progress?.({ stage: 'enrichment', done, total: this.#total });
    }
  };

  #next(signal: AbortSignal): Place | null {
    const { ledger, shouldYield } = this.#options;
    if (signal.aborted || shouldYield?.() === true) return null;
    if (this.#chunk.length === 0) this.#chunk = ledger.takePlaces(CHUNK).toReversed();
    return this.#chunk.pop() ?? null;
  }

  async #one({ sourceId, projectKey, slug }: Place, signal: AbortSignal): Promise<void> {
    const path = repositoryPath(projectKey, slug);
    if (path === null) return this.#skip(sourceId, 'odd-slug');
    try {
      const { ledger } = this.#options;
      const kept = () => ledger.enrichments([sourceId]).get(sourceId) ?? null;
      const read = await this.#facts.read(path, signal, kept);
      this.#failedInARow = 0;
      this.#keep(sourceId, read);
    } catch (error) {
      const reason = skipReason(error);
      if (reason === null || signal.aborted) throw error;
      this.#skip(sourceId, reason);
      if (error instanceof RefusedError) this.#failedInARow = 0;
      else await this.#suspect(signal);
    }
  }

  #skip(sourceId: number, reason: string): void {
    this.#skips.add({ type: 'repository', reason, what: `repository ${sourceId}` });
  }

  /** One repository may fail, and many on one broken disk; a server that lists its projects has not failed. */
  async #suspect(signal: AbortSignal): Promise<void> {
    this.#failedInARow += 1;
    if (this.#failedInARow < SUSPICIOUS) return;
    this.#failedInARow = 0;
    const reply = await this.#options.calls.get(SERVER_URL, signal);
    if (reply.status !== 200) throw new RefusedError(SERVER_URL, reply);
  }

  #keep(sourceId: number, read: Parameters<Privacy['enrichment']>[0]): void {
    const { ledger, privacy, now } = this.#options;
    const record = ledger.recordOf(sourceId);
    if (record === null) return;
    const at = now();
    const enrichment = privacy.enrichment(read);
    const attributes = JSON.parse(record) as Partial<RepositoryAttributes>;
    const whole = JSON.stringify(enriched(attributes, enrichment, at));
    ledger.enrich(sourceId, enrichment, new Date(at).toISOString(), whole);
    this.#enriched += 1;
  }
}

/** The word that a repository's failure is counted by. `null`: it is not the repository's failure but the run's. */
export function skipReason(error: unknown): string | null {
  if (error instanceof RefusedError) {
    const { status } = error;
    if (status >= 300 && status < 400) return 'moved';
    if (!isNotPermitted(error)) return status === 401 ? null : 'refused';
    return status === 404 ? 'not-found' : 'not-permitted';
  }
  return error instanceof AgentError ? (REASONS[error.code] ?? null) : null;
}
