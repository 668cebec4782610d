import { objectOf, type Raw } from './raw.ts';

/** Scheme, login, the rest. A login reaches to the last `@` before the path. */
const WEB = /^(https?:\/\/)(?:[^/?#\\\s]*@)?([^/?#\\\s@]+(?:[/?#]\S*)?)$/i;
const SSH = /^(ssh:\/\/)(git@|[^/?#\\\s]*@)?([^/?#\\\s@]+(?:[/?#]\S*)?)$/i;

/** The page of an entity in a browser, without a login in the URL; `null` when Bitbucket gives none. */
export function selfUrl(links: unknown): string | null {
  for (const link of listOf(links, 'self')) {
    const url = webUrl(link.href);
    if (url !== null) return url;
  }
  return null;
}

/** The clone URLs. They stand in any order, one may be missing, and the http one may hold the caller's login. */
export function cloneUrls(links: unknown): { readonly http: string | null; readonly ssh: string | null } {
  let http: string | null = null;
  let ssh: string | null = null;
  for (const { name, href } of listOf(links, 'clone')) {
    if (name === 'http' || name === 'https') http ??= webUrl(href);
    else if (name === 'ssh') ssh ??= sshUrl(href);
  }
  return { http, ssh };
}

function listOf(links: unknown, name: 'self' | 'clone'): readonly Raw[] {
  const list = objectOf(links)?.[name];
  return Array.isArray(list) ? list.map(objectOf).filter((link) => link !== null) : [];
}

function webUrl(href: unknown): string | null {
  const [, scheme, rest] = WEB.exec(typeof href === 'string' ? href.toWellFormed() : '') ?? [];
  return scheme === undefined || rest === undefined ? null : scheme + rest;
}

/** `git@` stays, it is the same for everyone and nothing can be cloned without it. */
function sshUrl(href: unknown): string | null {
  const [, scheme, login, rest] = SSH.exec(typeof href === 'string' ? href.toWellFormed() : '') ?? [];
  if (scheme === undefined || rest === undefined) return null;
  return scheme + (login === 'git@' ? login : '') + rest;
}
