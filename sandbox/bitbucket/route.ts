import type { Answer } from './answers.ts';
import type { Caller } from './auth.ts';
import type { Setting } from './entities.ts';
import type { PageManner } from './pages.ts';

/** The largest `limit` an endpoint honours, by what it lists; 1000 is the server's own default for all. */
export interface PageCaps {
  readonly users: number;
  readonly groups: number;
  readonly projects: number;
  readonly repositories: number;
  readonly commits: number;
}

/** What the handlers know of the server beside its world. */
export interface Site extends Setting {
  readonly caps: PageCaps;
  /** Full version, as application-properties tells it. */
  readonly release: string;
  readonly rateLimit: { readonly capacity: number; readonly fillRate: number } | undefined;
  /** Whether `GET /projects` lists personal projects; their repositories are in `GET /repos` either way. */
  readonly listPersonalProjects: boolean;
  /** Milliseconds, for what is created. */
  readonly now: () => number;
  /** What was created by POST, by repository row. */
  readonly webhooks: Map<number, Record<string, unknown>[]>;
}

/** One call that found its route. */
export interface Ask {
  readonly site: Site;
  readonly caller: Caller;
  /** The named parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/**
 * Who may come in: `open` needs no login ever, `public` none where the public may read, `login` any licensed user,
 * `licensed` any but the readonly role, `admin` the admins.
 */
export type Access = 'open' | 'public' | 'login' | 'licensed' | 'admin';

/** One endpoint below `/rest/api/{version}/`. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** `projects/:key/repos`; `*path` takes the rest. */
  readonly path: string;
  readonly access: Access;
  /** Whether equal calls of equal callers get equal bytes, so that the answer may be kept. */
  readonly steady: boolean;
  readonly run: (ask: Ask) => Answer;
}

/** A GET whose answer depends on nothing but the world. */
export function get(path: string, access: Access, run: (ask: Ask) => Answer): Route {
  return { method: 'GET', path, access, steady: true, run };
}

/** The manner of a list: its cap, and how it departs from the plain page. */
export function manner(site: Site, what: keyof PageCaps, rest: Omit<PageManner, 'cap'> = {}): PageManner {
  return { cap: site.caps[what], ...rest };
}
