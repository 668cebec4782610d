import { createEntityIds } from '../entity-id.ts';
import type { Refused } from './refused.ts';
import { type NormalisedRepository, normaliseRepository } from './repository.ts';
import { type NormalisedUser, normaliseUser } from './user.ts';

/** Makes entities of Bitbucket's JSON, one by one: pure, and no value of any shape makes it throw. */
export interface Normaliser {
  user(raw: unknown): NormalisedUser | Refused;
  repository(raw: unknown): NormalisedRepository | Refused;
}

/** @param baseUrl Bitbucket's, with its context path and without a slash at its end */
export function createNormaliser({ baseUrl }: { readonly baseUrl: string }): Normaliser {
  const setting = { ids: createEntityIds(baseUrl), organization: new URL(baseUrl).host };
  return {
    user: normaliseUser,
    repository: (raw) => normaliseRepository(setting, raw),
  };
}

export type { NormalisedRepository, NormalisedUser, Refused };
