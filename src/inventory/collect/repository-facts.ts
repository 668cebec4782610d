import { readPages } from '../../bitbucket/pages.ts';
import type { JsonReply } from '../../bitbucket/read-json.ts';
import { RefusedError } from '../../bitbucket/refused-error.ts';
import { AgentError } from '../../errors.ts';
import type { Enrichment } from '../entity.ts';
import { isoTime } from '../normalise/time.ts';
import type { OwnCalls } from './own-calls.ts';
import type { EnrichmentPlan } from './plan.ts';

const NO_SUCH_PLACE = /\.NoSuch(Project|Repository)Exception$/;
const LABELS_LIMIT = 1000;

/**
 * Reads what Bitbucket's lists do not tell of a repository. What one repository shows of the server's age is
 * remembered for the next: calls that it does not know are not made again.
 */
export class RepositoryFacts {
  readonly #plan: EnrichmentPlan;
  readonly #calls: Pick<OwnCalls, 'get'>;
  #oldBranchCall = false;
  #hasLabels = true;

  constructor(plan: EnrichmentPlan, calls: Pick<OwnCalls, 'get'>) {
    this.#plan = plan;
    this.#calls = calls;
  }

  /**
   * @param url `/projects/KEY/repos/SLUG`
   * @throws RefusedError when Bitbucket refuses a call; AgentError when it gives no answer that can be used
   */
  async read(url: string, signal: AbortSignal): Promise<Enrichment> {
    const { defaultBranch, lastCommit, labels } = this.#plan;
    return {
      ...(defaultBranch ? { default_branch_name: await this.#defaultBranch(url, signal) } : {}),
      ...(lastCommit ? { last_commit_at: await this.#lastCommit(url, signal) } : {}),
      ...(labels ? { labels: await this.#labels(url, signal) } : {}),
    };
  }

  async #defaultBranch(repository: string, signal: AbortSignal): Promise<string | null> {
    if (!this.#oldBranchCall) {
      const url = `${repository}/default-branch`;
      const reply = await this.#calls.get(url, signal);
      if (!isUnknownCall(reply)) return branchIn(reply, url);
      if (!this.#plan.oldDefaultBranch) return null;
      this.#oldBranchCall = true;
    }
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

  async #labels(repository: string, signal: AbortSignal): Promise<readonly string[] | null> {
    if (!this.#hasLabels) return null;
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
      if (!(error instanceof RefusedError && isUnknownCall(error))) throw error;
      this.#hasLabels = false;
      return null;
    }
    return names;
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
  new AgentError('PAGE_INVALID', `Bitbucket answered GET ${url} with JSON that is not what was asked for.`);
