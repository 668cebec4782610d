import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from './answers.ts';
import { loginNeeded, noLicence, wrongPassword } from './errors.ts';
import { hex } from './seed.ts';
import type { World } from './world.ts';

/**
 * `user`: licensed, which by Atlassian's document is enough for `/admin/users` and `/admin/groups`.
 * `readonly`: refused there. `admin`: may also write webhooks. `sysadmin`: is also shown the hidden rows.
 */
export type Role = 'readonly' | 'user' | 'admin' | 'sysadmin' | 'unlicensed';

/** A login the server knows; `role` is `user` unless said. A token belongs to `username`, and works as its password too. */
export type Credential =
  | { readonly username: string; readonly password: string; readonly role?: Role }
  | { readonly token: string; readonly username?: string; readonly role?: Role };

/** Who asks. */
export interface Caller {
  /** The login; `null` when nobody is logged in. */
  readonly name: string | null;
  readonly id: number;
  readonly role: Role | 'anonymous';
  /** The session the login is given. */
  readonly session: string;
}

/** The logins a server has when none are given. */
export const DEFAULT_CREDENTIALS: readonly Credential[] = [
  { username: 'admin', password: 'admin-password', role: 'admin' },
  { username: 'agent', password: 'agent-password', role: 'user' },
  { username: 'readonly', password: 'readonly-password', role: 'readonly' },
  { username: 'unlicensed', password: 'unlicensed-password', role: 'unlicensed' },
  { token: 'agent-token', username: 'agent', role: 'user' },
  { token: 'service-token', username: 'access-token-user/2/1405', role: 'readonly' },
];

/** The session cookie's name. */
export const SESSION_COOKIE = 'BITBUCKETSESSIONID';

export const ANONYMOUS: Caller = { name: null, id: 0, role: 'anonymous', session: '' };

/** Tells from the headers who asks, or the 401 that says why nobody does. */
export type Authenticate = (headers: IncomingHttpHeaders) => Caller | Answer;

interface Logins {
  readonly basic: ReadonlyMap<string, Caller>;
  readonly bearer: ReadonlyMap<string, Caller>;
  readonly session: ReadonlyMap<string, Caller>;
}

function logins(world: World, credentials: readonly Credential[]): Logins {
  const basic = new Map<string, Caller>();
  const bearer = new Map<string, Caller>();
  const session = new Map<string, Caller>();
  for (const [row, credential] of credentials.entries()) {
    const name = credential.username ?? `token-user-${row}`;
    const id = world.userByName(name)?.id ?? 900_000 + row;
    const key = hex(32, world.seed, 'session', name, credential.role ?? '').toUpperCase();
    const caller: Caller = { name, id, role: credential.role ?? 'user', session: key };
    basic.set(`${name}:${'token' in credential ? credential.token : credential.password}`, caller);
    if ('token' in credential) bearer.set(credential.token, caller);
    session.set(key, caller);
  }
  return { basic, bearer, session };
}

function licensed(caller: Caller): Caller | Answer {
  return caller.role === 'unlicensed' ? noLicence() : caller;
}

/** Reads Basic, then Bearer, then the session cookie. A bad token is nobody; that is a 401 unless the public may read. */
export function authenticator(
  world: World,
  credentials: readonly Credential[],
  anonymousAccess: boolean,
): Authenticate {
  const known = logins(world, credentials);
  const nobody = () => (anonymousAccess ? ANONYMOUS : loginNeeded());
  return ({ authorization, cookie }) => {
    const [, scheme = '', value = ''] = /^(\S+)\s+(.*)$/.exec(authorization ?? '') ?? [];
    if (/^basic$/i.test(scheme)) {
      const caller = known.basic.get(Buffer.from(value, 'base64').toString('utf8'));
      return caller ? licensed(caller) : wrongPassword();
    }
    if (/^bearer$/i.test(scheme)) {
      const caller = known.bearer.get(value);
      return caller ? licensed(caller) : nobody();
    }
    const session = new RegExp(`(?:^|;\\s*)${SESSION_COOKIE}=([^;]*)`).exec(cookie ?? '')?.[1];
    const caller = session === undefined ? undefined : known.session.get(session);
    return caller ? licensed(caller) : nobody();
  };
}
