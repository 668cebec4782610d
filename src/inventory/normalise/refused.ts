import type { EntityType, Skip } from '../entity.ts';

/** What cannot be taken, and why. */
export interface Refused {
  readonly ok: false;
  readonly skip: Skip;
}

/**
 * @param reason `not-an-object`, `no-id`, `bad-id`, `no-name`, `no-slug` or `no-project`
 * @param what never a name of a person
 */
export function refused(type: EntityType, reason: string, what: string): Refused {
  return { ok: false, skip: { type, reason, what } };
}
