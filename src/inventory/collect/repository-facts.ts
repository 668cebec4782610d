import { readPages } from '../../bitbucket/pages.ts';
import type { JsonReply } from '../../bitbucket/read-json.ts';
import { RefusedError, shortened } from '../../bitbucket/refused-error.ts';
import { AgentError } from '../../errors.ts';
import type { Enrichment } from '../entity.ts';
import { isoTime } from '../normalise/time.ts';
import type { OwnCalls } from './own-calls.ts';
import type { EnrichmentPlan } from './plan.ts';

const NO_SUCH_PLACE = /\.NoSuch(Project|Repository)Exception$/;
const LABELS_LIMIT = 1000;
/** So many repositories without a good answer in between say that the server does not know a call. */
const SURE = 3;

/**
 * Reads what Bitbucket's lists do not tell of a repository. What some repositories show of the server's age is
 * remembered for the next: calls that it does not know are not made again.
 */
export class RepositoryFacts {
  readonly #plan: EnrichmentPlan;
  readonly #calls: Pick<OwnCalls, 'get'>;
  readonly #branchCall = new KnownCall();
  readonly #labelsCall = new KnownCall();

  constructor(plan: EnrichmentPlan, calls: Pick<OwnCalls, 'get'>) {
    this.#plan = plan;
    this.#calls = calls;
  }

  /**
   * @param url `/projects/KEY/repos/SLUG`
   * @param kept what an earlier pass has read: what the server has no call for stays as it was
   * @throws RefusedError when Bitbucket refuses a call; AgentError when it gives no answer that can be used
   */
  async read(url: string, signal: AbortSignal, kept: () => Enrichment | null): Promise<Enrichment> {
    const { defaultBranch, lastCommit, labels } = this.#plan;
    return {
      ...(defaultBranch ? { default_branch_name: await this.#defaultBranch(url, signal, kept) } : {}),
      ...(lastCommit ? { last_commit_at: await this.#lastCommit(url, signal) } : {}),
      ...(labels ? { labels: await this.#labels(url, signal, kept) } : {}),
    };
  }

  async #defaultBranch(
    repository: string,
    signal: AbortSignal,
    kept: () => Enrichment | null,
  ): Promise<string | null> {
    if (this.#branchCall.isWorthATry) {
      const url = `${repository}/default-branch`;
      const reply = await this.#calls.get(url, signal);
      if (!isUnknownCall(reply)) {
        const branch = branchIn(reply, url);
        this.#branchCall.answered();
        return branch;
      }
      if (!this.#branchCall.missed()) throw new RefusedError(url, reply);
    }
    if (!this.#plan.oldDefaultBranch) return kept()?.default_branch_name ?? null;
    const url = `${repository}/branches/default`;
    return branchIn(await this.#calls.get(url, signal), url);
  }

  /** Of the default branch's tip. An empty repository, and one whose default branch was never pushed, has none. */
  async #lastCommit(repository: string, signal: AbortSignal): Promise<string | null> {
    const url = `${repository}/commits?limit=1`;
    const reply = await this.#calls.get(url, signal);
    if (isAbsent(reply)) return null;
    const values = objectIn(reply, url).values;
    if (!Array.isArray(values)) throw notUsable(url);
    const commit: Readonly<Record<string, unknown>> = values[0] ?? {};
    return isoTime(commit.committerTimestamp) ?? isoTime(commit.authorTimestamp);
  }

  async #labels(
    repository: string,
    signal: AbortSignal,
    kept: () => Enrichment | null,
  ): Promise<readonly string[] | null> {
    if (!this.#labelsCall.isWorthATry) return kept()?.labels ?? null;
    const names: string[] = [];
    try {
      const get = (url: string) => this.#calls.get(url, signal);
      for await (const page of readPages(get, `${repository}/labels`, LABELS_LIMIT)) {
        for (const label of page) {
          if (typeof label !== 'object' || label === null || !('name' in label)) continue;
          if (typeof label.name === 'string') names.push(label.name);
        }
      }
    } catch (error) {
      const unknown = error instanceof RefusedError && isUnknownCall(error);
      if (!unknown || !this.#labelsCall.missed()) throw error;
      return kept()?.labels ?? null;
    }
    this.#labelsCall.answered();
    return names;
  }
}

/**
 * Whether the server knows a call. Old ones do not, and answer it with a 404 that names no exception; so does what stands
 * before a server that does, now and then. One good answer settles it: every such 404 is then of one repository.
 */
class KnownCall {
  #good = false;
  #missed = 0;

  /** Whether it is still asked. */
  get isWorthATry(): boolean {
    return this.#good || this.#missed < SURE;
  }

  answered(): void {
    this.#good = true;
  }

  /** @returns whether it may be the server that does not know the call */
  missed(): boolean {
    this.#missed += 1;
    return !this.#good;
  }
}

type Refusal = Pick<JsonReply, 'status' | 'exception'>;

/** Bitbucket names an exception when it knows the call and not the thing. */
const isUnknownCall = ({ status, exception }: Refusal): boolean => status === 404 && exception === '';

/** The repository is there, what was asked for is not. */
const isAbsent = ({ status, exception }: Refusal): boolean =>
  status === 204 || (status === 404 && exception !== '' && !NO_SUCH_PLACE.test(exception));

function branchIn(reply: JsonReply, url: string): string | null {
  if (isAbsent(reply)) return null;
  const { displayId } = objectIn(reply, url);
  return typeof displayId === 'string' && displayId !== '' ? displayId.toWellFormed() : null;
}

function objectIn(reply: JsonReply, url: string): Readonly<Record<string, unknown>> {
  if (reply.status < 200 || reply.status > 299) throw new RefusedError(url, reply);
  const { value } = reply;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw notUsable(url);
}

const notUsable = (url: string): AgentError =>
  new AgentError(
    'PAGE_INVALID',
    `Bitbucket answered GET ${shortened(url)} with JSON that is not what was asked for.`,
  );
