import type { UserAttributes } from '../entity.ts';
import { selfUrl } from './link.ts';
import { nameOf, objectOf, sourceIdOf, textOf } from './raw.ts';
import { type Refused, refused } from './refused.ts';
import { isoTime } from './time.ts';

export interface NormalisedUser {
  readonly ok: true;
  readonly sourceId: number;
  readonly attributes: UserAttributes;
}

/**
 * Takes one value of `/users` or `/admin/users`. What only the latter has is `null` from the former.
 * A user without a login or without a usable id is refused.
 */
export function normaliseUser(value: unknown): NormalisedUser | Refused {
  const raw = objectOf(value);
  if (raw === null) return refused('user', 'not-an-object', 'user that is no object');
  const sourceId = sourceIdOf(raw.id);
  if (typeof sourceId === 'string') return refused('user', sourceId, 'user without a usable id');
  const username = nameOf(raw.name);
  if (username === null) return refused('user', 'no-name', `user ${sourceId}`);
  return {
    ok: true,
    sourceId,
    attributes: {
      username,
      slug: nameOf(raw.slug),
      name: textOf(raw.displayName),
      email: nameOf(raw.emailAddress),
      active: typeof raw.active === 'boolean' ? raw.active : null,
      account_type: raw.type === 'SERVICE' ? 'service' : 'human',
      url: selfUrl(raw.links),
      last_authenticated_at: isoTime(raw.lastAuthenticationTimestamp),
      discovered_by: 'bitbucket-server',
    },
  };
}
