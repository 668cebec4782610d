import { type Answer, json } from './answers.ts';
import type { Caller } from './auth.ts';
import { CONTENTS } from './contents.ts';
import { loginNeeded, notPermitted } from './errors.ts';
import { PEOPLE } from './people.ts';
import { PLACES } from './places.ts';
import { type Access, type Ask, get, type Route } from './route.ts';
import { WRITES } from './writes.ts';

/** Build numbers as Bitbucket makes them: 7.11.2 is 7011002. */
function buildNumber(release: string): string {
  const [major = 0, minor = 0, patch = 0] = release.split('.').map(Number);
  return String(major * 1_000_000 + minor * 1000 + patch);
}

function properties({ site }: Ask): Answer {
  const { release: version } = site;
  const built = { buildNumber: buildNumber(version), buildDate: '1718020800000' };
  return json(200, { version, ...built, displayName: 'Bitbucket' }, 'length');
}

function rateLimitSettings({ site }: Ask): Answer {
  const { capacity, fillRate } = site.rateLimit ?? { capacity: 60, fillRate: 5 };
  return json(200, { enabled: site.rateLimit !== undefined, defaultSettings: { capacity, fillRate } });
}

const ROUTES: readonly Route[] = [
  get('application-properties', 'open', properties),
  get('admin/rate-limit/settings', 'licensed', rateLimitSettings),
  ...PEOPLE,
  ...PLACES,
  ...CONTENTS,
  ...WRITES,
];

interface Pattern {
  readonly route: Route;
  readonly parts: readonly string[];
  readonly open: boolean;
}

const PATTERNS: readonly Pattern[] = ROUTES.map((route) => {
  const parts = route.path.split('/');
  return { route, parts, open: parts.at(-1)?.startsWith('*') ?? false };
});

/** A route with the named parts of the path. */
export interface Found {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

function paramsOf({ parts, open }: Pattern, segments: readonly string[]): Record<string, string> | null {
  if (open ? segments.length < parts.length : segments.length !== parts.length) return null;
  const params: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    if (part.startsWith('*')) params[part.slice(1)] = segments.slice(at).join('/');
    else if (part.startsWith(':')) params[part.slice(1)] = segments[at] ?? '';
    else if (part !== segments[at]) return null;
  }
  return params;
}

/** The route for the segments below `/rest/api/{version}/`, or the methods the path has, or nothing. */
export function findRoute(
  method: string,
  segments: readonly string[],
): Found | { readonly allowed: string[] } | null {
  const allowed: string[] = [];
  for (const pattern of PATTERNS) {
    const params = paramsOf(pattern, segments);
    if (params === null) continue;
    if (pattern.route.method === (method === 'HEAD' ? 'GET' : method))
      return { route: pattern.route, params };
    allowed.push(pattern.route.method);
  }
  return allowed.length > 0 ? { allowed } : null;
}

/** The 401 for a caller whom the endpoint does not let in; `null` lets in. */
export function turnedAway(access: Access, { role }: Caller): Answer | null {
  if (access === 'open' || access === 'public') return null;
  if (role === 'anonymous') return loginNeeded();
  if (access === 'licensed' && role === 'readonly') return notPermitted();
  if (access === 'admin' && role !== 'admin' && role !== 'sysadmin') return notPermitted();
  return null;
}
