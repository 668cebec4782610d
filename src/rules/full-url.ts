import type { Rule } from './verdict.ts';

/** A url as rules see it. */
export interface SeenUrl {
  readonly url: string;
  /** What was taken off a full address; empty when nothing was. */
  readonly base: string;
}

const FULL = /^(https?):\/\/([^/?#\\]*)(.*)$/is;

/**
 * The ways in which an address from a browser may be meant: behind each base to which the rules lead, the longest
 * first, and behind its host. What is no full address is taken as it is.
 */
export function seenUrls(given: string, rules: readonly Rule[]): readonly SeenUrl[] {
  const [, scheme = '', authority = '', rest = ''] = FULL.exec(given) ?? [];
  if (scheme === '') return [{ url: given, base: '' }];
  const host = `${scheme}://${authority.slice(authority.lastIndexOf('@') + 1)}`
    .toLowerCase()
    .replace(/^(http:.*):80$|^(https:.*):443$/, '$1$2');
  const bases = [...new Set(rules.filter(({ origin }) => origin === host).map(({ basePath }) => basePath))]
    .filter((basePath) => rest.startsWith(`${basePath}/`))
    .sort((one, other) => other.length - one.length);
  const paths = bases.includes('') ? bases : [...bases, ''];
  return paths.map((basePath) => {
    const url = rest.slice(basePath.length);
    return { url: /^(?:\?|$)/.test(url) ? `/${url}` : url, base: host + basePath };
  });
}
