import { eachPage, readPages } from '../../bitbucket/pages.ts';
import { AgentError } from '../../errors.ts';
import { IdSet } from '../id-set.ts';
import type { NormalisedRepository } from '../normalise/repository.ts';
import { isNotPermitted } from './permission.ts';
import { VERSION_URL } from './plan.ts';
import { ProjectQueue } from './project-queue.ts';
import { idOf } from './raw-id.ts';
import { projectPath } from './rest-path.ts';
import { placeOf, storeRepositories } from './store-repositories.ts';
import type { WalkOptions } from './walk-options.ts';

const LIMIT = 1000;

/**
 * Reads the repositories: `/projects`, `/repos`, and the list of every project that either of them named, since no
 * list alone is sure to have all. Of personal projects only `/repos` may tell.
 */
export class RepositoryWalk {
  readonly #options: WalkOptions;
  readonly #queue = new ProjectQueue(2);
  readonly #ids = new IdSet();
  /** Of all projects that the lists named, the ones left out too. */
  readonly #keys = new Set<string>();
  #count = 0;
  #allUrl = '/repos';

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** How many repositories were new to the run. */
  get count(): number {
    return this.#count;
  }

  /** What is to run at the same time; the first failure is the walk's. */
  tasks(): ((signal: AbortSignal) => Promise<void>)[] {
    const workers = Array.from({ length: this.#options.concurrency }, () => this.#walkProjects);
    return [this.#readProjects, this.#readAll, ...workers];
  }

  readonly #readProjects = async (signal: AbortSignal): Promise<void> => {
    const { privacy, skips } = this.#options;
    for await (const page of this.#pages('/projects', signal)) {
      for (const project of page) {
        const key = keyOf(project);
        if (key === null) {
          const what = `project ${idOf(project) ?? 'without id'}`;
          skips.add({ type: 'project', reason: 'no-key', what }, project);
        } else {
          this.#keys.add(key);
          if (privacy.includes(key)) this.#queue.add(key);
        }
      }
    }
    this.#queue.sourceEnded();
  };

  readonly #readAll = async (signal: AbortSignal): Promise<void> => {
    if (await this.#knowsArchived(signal)) this.#allUrl = '/repos?archived=ALL';
    await this.again(signal);
    this.#queue.sourceEnded();
  };

  /** `/repos` once more, for what the lists did not show because it was moved, or they changed, while they were read. */
  readonly again = async (signal: AbortSignal): Promise<void> => {
    await eachPage(this.#pages(this.#allUrl, signal), (page) => this.#keep(page));
  };

  /**
   * Looks whether the operator's settings fit this Bitbucket: a misspelt one must not delete everything downstream.
   *
   * @throws AgentError `CONFIG_INVALID` when they leave out every project there is
   */
  checkFilter(): void {
    const { privacy, note } = this.#options;
    const keys = [...this.#keys];
    if (keys.length > 0 && !keys.some((key) => privacy.includes(key))) {
      const message = `INCLUDE_PROJECTS and EXCLUDE_PROJECTS leave out all ${keys.length} projects.`;
      throw new AgentError('CONFIG_INVALID', message, {
        hint: 'Check their spelling: globs on project keys, with * and ?. Nothing was deleted.',
      });
    }
    for (const glob of privacy.unusedIncludes(keys))
      note?.(`INCLUDE_PROJECTS names ${glob}, and no project fits it.`);
  }

  readonly #walkProjects = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const key = await this.#queue.next(signal);
      if (key === null) return;
      await this.#walkProject(key, signal);
    }
  };

  async #walkProject(key: string, signal: AbortSignal): Promise<void> {
    const { skips } = this.#options;
    const what = key.startsWith('~') ? 'a personal project' : `project ${key}`;
    const path = projectPath(key);
    if (path === null) return skips.add({ type: 'project', reason: 'odd-key', what });
    let pages = 0;
    try {
      await eachPage(this.#pages(`${path}/repos`, signal), (page) => {
        pages += 1;
        this.#keep(page);
      });
    } catch (error) {
      if (pages > 0 || !isNotPermitted(error)) throw error;
      const reason = error.status === 404 ? 'not-found' : 'not-permitted';
      skips.add({ type: 'project', reason, what });
    }
  }

  /** `archived` came with 8.0; without it archived repositories are left out of `/repos`. Unknown versions are new ones. */
  async #knowsArchived(signal: AbortSignal): Promise<boolean> {
    const { plan, calls } = this.#options;
    if (!plan.version) return true;
    const { status, value } = await calls.get(VERSION_URL, signal);
    const version = status === 200 && typeof value === 'object' && value !== null ? value : {};
    const major = 'version' in version ? /^\d+/.exec(String(version.version))?.[0] : undefined;
    return major === undefined || Number(major) >= 8;
  }

  #pages(url: string, signal: AbortSignal): AsyncGenerator<readonly unknown[]> {
    return readPages((page) => this.#options.calls.get(page, signal), url, LIMIT);
  }

  #keep(page: readonly unknown[]): void {
    const { normaliser, privacy, skips, ledger, scope, progress } = this.#options;
    const taken: NormalisedRepository[] = [];
    for (const raw of page) {
      const id = idOf(raw);
      if (id !== null && this.#ids.has(id)) continue;
      const made = normaliser.repository(raw);
      if (!made.ok) {
        skips.add(made.skip, raw);
        continue;
      }
      this.#keys.add(made.projectKey);
      if (!privacy.includes(made.projectKey)) continue;
      this.#queue.add(made.projectKey);
      if (this.#ids.add(made.sourceId)) taken.push(made);
    }
    if (taken.length > 0) {
      this.#count += storeRepositories(this.#options, taken);
      if (scope.enrichment) ledger.rememberPlaces(taken.map(placeOf));
    }
    progress?.({ stage: 'repositories', done: this.#count, total: null });
  }
}

function keyOf(project: unknown): string | null {
  if (typeof project !== 'object' || project === null || !('key' in project)) return null;
  return typeof project.key === 'string' && project.key !== '' ? project.key : null;
}
