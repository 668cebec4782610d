import { AGENT_ORIGIN, isAgentOrigin } from './agent-origin.ts';
import type { Auth } from './rule-schema.ts';
import { pathEnd, targetFlaw } from './target.ts';
import { expand, variablesIn } from './template.ts';

/** What origins are read with. */
export interface OriginContext {
  /** The value of `${NAME}` in an origin; `undefined` when there is none. No secrets. */
  variable(name: string): string | undefined;
  /** The configured Bitbucket; `host` is `host[:port][/context]`. */
  readonly bitbucket: { readonly scheme: 'http' | 'https'; readonly host: string };
}

/** A rule's origin, ready to be used. */
export interface Origin {
  /** `scheme://host[:port]`, lower case, without the scheme's own port; or {@link AGENT_ORIGIN}. */
  readonly origin: string;
  /** Empty, or a path without a slash at its end. */
  readonly basePath: string;
  /** The login that stood in the origin, `https://${USER}:${PASSWORD}@host`, still as variables. */
  readonly auth: Auth | null;
  /** It is the configured Bitbucket. */
  readonly bitbucket: boolean;
}

const START = /^(?:\$\{[^}]*\}|[a-z][a-z0-9+.-]*):\/\//i;
const PARTS = /^(?:([a-z][a-z0-9+.-]*):\/\/)?([^/?#\\]*)(.*)$/is;
const AUTHORITY = /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;
const DEFAULT_PORTS = { http: ':80', https: ':443' } as const;

/**
 * Reads an origin template. A login in it is taken out before variables are replaced, so no secret gets into it.
 *
 * @returns the origin, or all that is wrong with it, without any variable's value
 */
export function readOrigin(template: string, context: OriginContext): Origin | readonly string[] {
  if (isAgentOrigin(template)) return { origin: AGENT_ORIGIN, basePath: '', auth: null, bitbucket: false };
  if (/^agent:/i.test(template)) return ['origin agent: is whole as it is: nothing may stand behind it'];
  const { bare, login } = splitLogin(template);
  if (typeof login === 'string') return [login];
  const unknown = variablesIn(bare).filter((name) => context.variable(name) === undefined);
  if (unknown.length > 0) return unknown.map((name) => `origin uses the variable ${name}, which is not set`);
  const [, scheme, authority = '', path = ''] = PARTS.exec(expand(bare, context.variable)) ?? [];
  if (/^https?:$/i.test(authority) && path.startsWith('//'))
    return ['origin has two schemes: the variable in it has one already'];
  if (authority.includes('@')) return ['a variable in the origin has a login in it: put the login into auth'];
  const host = authority.toLowerCase();
  if (!AUTHORITY.test(host) || Number(/:(\d+)$/.exec(host)?.[1] ?? 1) > 65_535)
    return ['origin has no valid host[:port]'];
  const basePath = path.replace(/\/$/, '');
  const flaw = basePath === '' ? null : basePathFlaw(basePath);
  if (flaw !== null) return [flaw];
  const bitbucket = isBitbucket(host, context);
  const used = bitbucket || scheme === undefined ? context.bitbucket.scheme : scheme.toLowerCase();
  if (used !== 'http' && used !== 'https')
    return [`origin has the scheme ${used}: only http and https are possible`];
  return { origin: `${used}://${withoutDefaultPort(host, used)}`, basePath, auth: login, bitbucket };
}

/** `login` is a text when what stands before the `@` cannot be read. */
function splitLogin(template: string): { bare: string; login: Auth | null | string } {
  const start = START.exec(template)?.[0] ?? '';
  const rest = template.slice(start.length);
  const end = rest.search(/[/?#\\]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const at = authority.lastIndexOf('@');
  if (at < 0) return { bare: template, login: null };
  const bare = start + rest.slice(at + 1);
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/s.exec(authority.slice(0, at)) ?? [];
  try {
    return {
      bare,
      login: {
        scheme: 'basic',
        username: decodeURIComponent(username),
        password: decodeURIComponent(password),
      },
    };
  } catch {
    return { bare, login: 'the login in the origin has a % without two hexadecimal digits behind it' };
  }
}

function basePathFlaw(basePath: string): string | null {
  if (pathEnd(basePath) < basePath.length) return 'origin has a query';
  // What stands before an @ is masked wherever an origin is shown or hashed, so this would hide the host.
  if (basePath.includes('@')) return 'the path in the origin has an @: write %40';
  const flaw = targetFlaw(basePath);
  return flaw === null ? null : `the path in the origin cannot be sent as it is: ${flaw}`;
}

function isBitbucket(host: string, { bitbucket: { scheme, host: configured } }: OriginContext): boolean {
  const [authority = ''] = configured.toLowerCase().split('/');
  return withoutDefaultPort(host, scheme) === withoutDefaultPort(authority, scheme);
}

function withoutDefaultPort(host: string, scheme: 'http' | 'https'): string {
  const port = DEFAULT_PORTS[scheme];
  return host.endsWith(port) ? host.slice(0, -port.length) : host;
}
