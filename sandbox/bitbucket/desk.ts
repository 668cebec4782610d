import type { IncomingMessage } from 'node:http';
import { type Answer, bare, text } from './answers.ts';
import { ANONYMOUS, type Authenticate, type Caller, SESSION_COOKIE } from './auth.ts';
import { loginNeeded, unnamed } from './errors.ts';
import type { Allowance } from './rate-limit.ts';
import type { Site } from './route.ts';
import { findRoute, turnedAway } from './routes.ts';
import { readTarget, type Target } from './target.ts';

/** What decides an answer. */
export interface DeskParts {
  readonly site: Site;
  readonly contextPath: string;
  readonly secure: boolean;
  readonly authenticate: Authenticate;
  readonly anonymousAccess: boolean;
  readonly limiter: ((user: string) => Allowance) | undefined;
}

/** An answer and the headers that differ from call to call. */
export interface Decided {
  readonly answer: Answer;
  readonly extra: Record<string, string>;
}

/** How many answers are kept for equal calls of equal callers, and how large one may be. */
const KEPT = 512;
const KEPT_BYTES = 131_072;

const HTML = 'text/html;charset=utf-8';
const page = (status: number, words: string) =>
  text(
    status,
    HTML,
    `<!doctype html><html lang="en"><head><title>HTTP Status ${status}</title></head><body><h1>${words}</h1></body></html>`,
  );

function takesJson(accept: string | undefined): boolean {
  return accept === undefined || /(?:^|[\s,])(?:\*\/\*|application\/(?:\*|json))/i.test(accept);
}

/** The segments below `{context}/rest/api/1.0` or `.../latest`; `null` outside of it. */
function belowApi({ segments }: Target, contextPath: string): readonly string[] | null {
  const context = contextPath === '' ? [] : contextPath.slice(1).split('/');
  if (context.some((part, at) => segments[at] !== part)) return null;
  const [rest, api, version, ...below] = segments.slice(context.length);
  return rest === 'rest' && api === 'api' && (version === '1.0' || version === 'latest') ? below : null;
}

/** Makes the function that answers a request: who asks, may they, how often, what is there. */
export function desk({ site, contextPath, secure, authenticate, anonymousAccess, limiter }: DeskParts) {
  const kept = new Map<string, Answer>();
  const cookiePath = `Path=${contextPath || '/'}; HttpOnly${secure ? '; Secure' : ''}`;
  let calls = 0;

  function told(caller: Caller): Record<string, string> {
    calls += 1;
    const always = { 'X-AREQUESTID': `@SANDBOXx${calls}x0`, 'Cache-Control': 'no-cache, no-transform' };
    if (caller.name === null) return always;
    return {
      ...always,
      'X-AUSERNAME': encodeURIComponent(caller.name),
      'X-AUSERID': String(caller.id),
      'X-ASESSIONID': caller.session.slice(0, 6).toLowerCase(),
      'Set-Cookie': `${SESSION_COOKIE}=${caller.session}; ${cookiePath}`,
    };
  }

  function routed(request: IncomingMessage, target: Target, body: Buffer, caller: Caller): Answer {
    const below = belowApi(target, contextPath);
    if (below === null) return page(404, 'Not Found');
    const found = findRoute(request.method ?? 'GET', below);
    const open = found !== null && 'route' in found && found.route.access === 'open';
    if (caller.role === 'anonymous' && !anonymousAccess && !open) return loginNeeded();
    if (found === null) return unnamed(404, 'There is nothing at this address.');
    if ('allowed' in found) return bare(405, { Allow: found.allowed.join(',') });
    const away = turnedAway(found.route.access, caller);
    if (away) return away;
    if (!found.route.path.includes('/raw/') && !takesJson(request.headers.accept)) return bare(406);
    const run = () => found.route.run({ site, caller, params: found.params, query: target.query, body });
    if (!found.route.steady) return run();
    const key = `${caller.role} ${caller.name} ${request.url}`;
    const known = kept.get(key);
    if (known) return known;
    const made = run();
    if (made.body.length > KEPT_BYTES) return made;
    if (kept.size >= KEPT) kept.clear();
    kept.set(key, made);
    return made;
  }

  return function decide(request: IncomingMessage, body: Buffer): Decided {
    const target = readTarget(request.url ?? '');
    if (target === null) return { answer: page(400, 'Bad Request'), extra: {} };
    const caller = identify(request, authenticate);
    if ('status' in caller) return { answer: caller, extra: told(ANONYMOUS) };
    const extra = told(caller);
    const allowance = caller.name === null ? undefined : limiter?.(caller.name);
    if (allowance) Object.assign(extra, allowance.headers);
    if (allowance?.refusal) return { answer: allowance.refusal, extra };
    return { answer: routed(request, target, body, caller), extra };
  };
}

/** Who asks. No login at all is nobody for now: some endpoints are open even where the public may not read. */
function identify(request: IncomingMessage, authenticate: Authenticate): Caller | Answer {
  const { authorization, cookie } = request.headers;
  return authorization === undefined && cookie === undefined ? ANONYMOUS : authenticate(request.headers);
}
