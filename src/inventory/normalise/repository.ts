import type { RepositoryAttributes, ScmProject } from '../entity.ts';
import type { EntityIds } from '../entity-id.ts';
import { cloneUrls, selfUrl } from './link.ts';
import { nameOf, objectOf, type Raw, sourceIdOf, textOf } from './raw.ts';
import { type Refused, refused } from './refused.ts';

export interface NormalisedRepository {
  readonly ok: true;
  readonly sourceId: number;
  readonly attributes: RepositoryAttributes;
  /** As Bitbucket spells it, `~NAME` for a personal project. */
  readonly projectKey: string;
  readonly slug: string;
  readonly projectType: ScmProject['type'];
  /** The key of the project that the origin of a fork is in. */
  readonly parentKey: string | null;
}

/** What every repository of one Bitbucket has in common. */
export interface Setting {
  readonly ids: EntityIds;
  /** Host, with its port where it has one. */
  readonly organization: string;
}

/**
 * Takes one value of `/repos` or `/projects/KEY/repos`. What the enrichment reads is `null` here.
 * A repository without a usable id, a slug or a project's key is refused.
 */
export function normaliseRepository(setting: Setting, value: unknown): NormalisedRepository | Refused {
  const raw = objectOf(value);
  if (raw === null) return refused('repository', 'not-an-object', 'repository that is no object');
  const sourceId = sourceIdOf(raw.id);
  if (typeof sourceId === 'string') return refused('repository', sourceId, 'repository without a usable id');
  const what = `repository ${sourceId}`;
  const slug = nameOf(raw.slug);
  if (slug === null) return refused('repository', 'no-slug', what);
  const project = projectOf(raw.project);
  if (project === null) return refused('repository', 'no-project', what);
  return {
    ok: true,
    sourceId,
    attributes: attributesOf(setting, raw, slug, project),
    projectKey: project.key,
    slug,
    projectType: project.type,
    parentKey: projectOf(objectOf(raw.origin)?.project)?.key ?? null,
  };
}

function attributesOf(setting: Setting, raw: Raw, slug: string, project: ScmProject): RepositoryAttributes {
  const { http, ssh } = cloneUrls(raw.links);
  const origin = objectOf(raw.origin);
  const originId = sourceIdOf(origin?.id);
  const isPublic = raw.public === true || objectOf(raw.project)?.public === true;
  return {
    name: textOf(raw.name),
    full_name: `${project.key}/${slug}`,
    repository_url: http,
    ssh_url: ssh,
    browse_url: selfUrl(raw.links),
    default_branch_name: null,
    archived: raw.archived === true,
    visibility: isPublic ? 'public' : 'private',
    description: textOf(raw.description),
    state: textOf(raw.state),
    fork: origin !== null,
    parent: typeof originId === 'number' ? setting.ids('repository', originId) : null,
    scm_project: project,
    scm_organization: setting.organization,
    labels: null,
    languages: null,
    tags: null,
    last_commit_at: null,
    repository_freshness: 'n/a',
    app_context: null,
    sources: ['bitbucket-server'],
    created_at: null,
    updated_at: null,
  };
}

function projectOf(value: unknown): ScmProject | null {
  const raw = objectOf(value);
  const key = nameOf(raw?.key);
  if (raw === null || key === null) return null;
  const personal = raw.type === 'PERSONAL' || key.startsWith('~');
  return { key, name: textOf(raw.name), type: personal ? 'PERSONAL' : 'NORMAL' };
}
