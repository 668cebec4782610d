/** What the field's Bitbucket answers; both sides know it from here. */

/** The login that all contenders have. */
export const LOGIN = { username: 'agent', password: 'agent-password' } as const;

const page = (users: number) => `/admin/users?limit=${users}`;

/** A page of users of about 3 KB, as a caller asks for it: the accept list puts `/rest/api/1.0` before it. */
export const SMALL_PAGE = page(9);
/** One of about 50 KB. */
export const LARGE_PAGE = page(147);

/** A file of so many bytes. */
export const archive = (bytes: number): string =>
  `/projects/PLAT/repos/monolith/archive?format=tar.gz&bytes=${bytes}`;

/** Below what every Bitbucket call is. */
export const API = '/rest/api/1.0';
