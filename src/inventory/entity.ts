/** The schema version that every batch names; the JSON Schema files beside this one describe it. */
export const SCHEMA = 'essentials.bitbucket/v1';

export type EntityType = 'user' | 'repository';

/** A JSON:API resource. What Bitbucket does not say is `null`, what the operator has left out is not there at all. */
export interface Resource<Attributes> {
  readonly type: EntityType;
  /** UUIDv5 of Bitbucket's base URL, the type and Bitbucket's numeric id: it survives renames and moves. */
  readonly id: string;
  readonly attributes: Attributes;
}

/** Names follow Snyk's own asset attributes (`/groups/{id}/assets`, API 2024-10-15). Times are ISO 8601, UTC. */
export interface RepositoryAttributes {
  readonly name: string | null;
  /** `KEY/slug`. */
  readonly full_name: string;
  /** The http clone URL, without a user in it. */
  readonly repository_url: string | null;
  readonly ssh_url: string | null;
  readonly browse_url: string | null;
  readonly default_branch_name: string | null;
  readonly archived: boolean;
  readonly visibility: 'public' | 'private';
  readonly description: string | null;
  /** `AVAILABLE`, `INITIALISING`, `INITIALISATION_FAILED` or `OFFLINE`, as Bitbucket has it. */
  readonly state: string | null;
  readonly fork: boolean;
  /** The id of the repository this one was forked from. */
  readonly parent: string | null;
  readonly scm_project: ScmProject;
  /** Bitbucket's host, with its port where it has one. */
  readonly scm_organization: string;
  /** `null` until the enrichment has read them. */
  readonly labels: readonly string[] | null;
  readonly languages: Readonly<Record<string, number>> | null;
  readonly tags: Readonly<Record<string, string>> | null;
  readonly last_commit_at: string | null;
  readonly repository_freshness: Freshness;
  readonly app_context: unknown;
  readonly sources: readonly ['bitbucket-server'];
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

export interface ScmProject {
  readonly key: string;
  readonly name: string | null;
  readonly type: 'NORMAL' | 'PERSONAL';
}

/** Snyk's words: the last commit is at most 3 months old, 3 to 6, older; `n/a` where no commit is known. */
export type Freshness = 'active' | 'inactive' | 'dormant' | 'n/a';

export interface UserAttributes {
  readonly username: string;
  readonly slug: string | null;
  readonly name: string | null;
  readonly email: string | null;
  readonly active: boolean | null;
  readonly account_type: 'human' | 'service';
  readonly url: string | null;
  readonly last_authenticated_at: string | null;
  readonly discovered_by: 'bitbucket-server';
}

/** What the second pass adds to a repository. A field that is not there was left out by the operator. */
export interface Enrichment {
  readonly default_branch_name?: string | null;
  readonly last_commit_at?: string | null;
  readonly labels?: readonly string[] | null;
}

/** Something that was read and could not be taken: counted, named, and no reason to fail the run. */
export interface Skip {
  /** `users-list`: a whole list of users. */
  readonly type: EntityType | 'project' | 'users-list';
  /** A stable word, such as `no-id` or `not-found`: what skips are counted by. */
  readonly reason: string;
  /** Which one, as far as it can be told: `repository 17`, `user without id`. Never a personal name. */
  readonly what: string;
}
