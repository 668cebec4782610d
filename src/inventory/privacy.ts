import { createHash, createHmac } from 'node:crypto';
import type { OmissibleField } from '../config/omissible.ts';
import { AgentError } from '../errors.ts';
import type { Enrichment, RepositoryAttributes, ScmProject, UserAttributes } from './entity.ts';
import { createOmission } from './privacy/omission.ts';
import { createProjectFilter, unusedGlobs } from './privacy/project-filter.ts';
import { createPseudonyms } from './privacy/pseudonyms.ts';

export interface PrivacySettings {
  /** Globs on the project's key; none takes all. */
  readonly includeProjects: readonly string[];
  /** Globs on the project's key; they win over `includeProjects`. */
  readonly excludeProjects: readonly string[];
  readonly omitFields: readonly OmissibleField[];
  readonly pseudonymise: boolean;
}

/** A user as it is kept and sent. */
export type SentUser = Partial<UserAttributes>;

/** A repository as it is kept and sent. */
export type SentRepository = Partial<Omit<RepositoryAttributes, 'scm_project'>> & {
  readonly scm_project?: Partial<ScmProject>;
};

/** What of a repository decides how it may be shown. */
export interface ShownRepository {
  readonly attributes: RepositoryAttributes;
  /** The key of the project that the origin of a fork is in. */
  readonly parentKey: string | null;
}

/** What the operator wants to stay inside. It is applied once, before anything is kept: the state has no more either. */
export interface Privacy {
  /** Whether a project, and with it its repositories, is looked at. By its true key. */
  includes(projectKey: string): boolean;
  /** The keys of all projects that are looked at, as the operator spells them; `null`: they are not named one by one. */
  readonly includedKeys: readonly string[] | null;
  /** What of `INCLUDE_PROJECTS` fits none of these projects: most likely it is misspelt. */
  unusedIncludes(projectKeys: Iterable<string>): readonly string[];
  user(attributes: UserAttributes): SentUser;
  /** The origin of a fork is not named when its project is kept out, or may be. */
  repository(repository: ShownRepository): SentRepository;
  /** With `last_commit_at` left out nothing tells the freshness, which is `n/a` then. */
  enrichment(enrichment: Enrichment): Enrichment;
  /** Whether a field such as `repository.labels` is left out, so that it need not be read at all. */
  omits(field: string): boolean;
  /** Differs when any setting or the key differs. */
  readonly fingerprint: string;
}

/** Shorter keys could be guessed, and with them the names behind the tokens. Bytes. */
const SHORTEST_KEY = 16;

/**
 * @param key for the pseudonyms, random and kept in the state folder; `null` where there are none. With another key
 *   everyone gets another token.
 * @throws AgentError `CONFIG_INVALID` when pseudonyms are wanted and the key is missing or shorter than 16 bytes
 */
export function createPrivacy(settings: PrivacySettings, key: Buffer | null): Privacy {
  const pseudonyms = settings.pseudonymise ? createPseudonyms(usable(key)) : null;
  const omitted = new Set<string>(settings.omitFields);
  const userOmission = createOmission(omitted, 'user');
  const repositoryOmission = createOmission(omitted, 'repository');
  const projectOmission = createOmission(omitted, 'repository.scm_project');
  const { includeProjects, excludeProjects } = settings;
  const includes = createProjectFilter(includeProjects, excludeProjects);
  const filtered = includeProjects.length + excludeProjects.length > 0;
  const named = includeProjects.length > 0 && !includeProjects.some((glob) => /[*?]/.test(glob));
  return {
    includes,
    includedKeys: named ? includeProjects.filter(includes) : null,
    unusedIncludes: (projectKeys) => unusedGlobs(includeProjects, projectKeys),
    user: (attributes) => userOmission(pseudonyms?.user(attributes) ?? attributes),
    repository({ attributes, parentKey }) {
      const shown = pseudonyms?.repository(attributes) ?? attributes;
      const parent = (parentKey === null ? !filtered : includes(parentKey)) ? shown.parent : null;
      return repositoryOmission({ ...shown, parent, scm_project: projectOmission(shown.scm_project) });
    },
    enrichment: (enrichment) => repositoryOmission(enrichment),
    omits: (field) => omitted.has(field),
    fingerprint: fingerprintOf(settings, settings.pseudonymise ? usable(key) : null),
  };
}

function usable(key: Buffer | null): Buffer {
  if (key !== null && key.length >= SHORTEST_KEY) return key;
  throw new AgentError('CONFIG_INVALID', 'There is no usable key for PSEUDONYMISE=users.', {
    hint: `The key needs at least ${SHORTEST_KEY} random bytes.`,
  });
}

/** The order of the settings and doubles in them make no difference, as they make none in what is sent. */
function fingerprintOf(settings: PrivacySettings, key: Buffer | null): string {
  const plain = (values: readonly string[]): string[] => [...new Set(values)].sort();
  const globs = (values: readonly string[]): string[] => plain(values.map((glob) => glob.toLowerCase()));
  const parts = {
    version: 1,
    include: globs(settings.includeProjects),
    exclude: globs(settings.excludeProjects),
    omit: plain(settings.omitFields),
    key: key && createHmac('sha256', key).update('fingerprint').digest('hex'),
  };
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
