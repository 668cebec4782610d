/** An http or https URL that can stand before a path: nothing but scheme, host, port and context path. */
export interface BaseUrl {
  readonly scheme: 'http' | 'https';
  /** `host[:port]`, lower case, without the scheme's own port. */
  readonly authority: string;
  /** `/context`, or empty; never with a slash at its end. */
  readonly path: string;
}

/**
 * Takes a base URL apart. Slashes at the end are dropped, everything else must already be in its plain form.
 * @returns the reason as text when it cannot be used. A reason never repeats the value, which may hold a password.
 */
export function parseBaseUrl(text: string): BaseUrl | string {
  const parts = /^(?<scheme>https?):\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?<rest>.*)$/is.exec(
    text,
  )?.groups;
  if (parts === undefined && /^["'`]/.test(text)) return 'begins with a quote; the quotes are not taken away';
  if (parts === undefined) return 'does not start with http:// or https://';
  const { scheme = '', authority = '', path = '', rest = '' } = parts;
  if (authority.includes('@')) return 'holds a user name or a password; they have variables of their own';
  if (rest !== '') return 'holds a query (?) or a fragment (#)';
  if (authority === '' || !URL.canParse(text)) return 'names no valid host and port';
  const context = path.replace(/\/+$/, '');
  const url = new URL(text);
  if (url.pathname.replace(/\/+$/, '') !== context || context.includes('//')) {
    return 'has a path with dot segments, empty segments or characters that must be percent-encoded';
  }
  return { scheme: scheme.toLowerCase() === 'http' ? 'http' : 'https', authority: url.host, path: context };
}

/** `scheme://host[:port][/path]`. */
export function baseUrlText({ scheme, authority, path }: BaseUrl): string {
  return `${scheme}://${authority}${path}`;
}

/** Why a proxy's URL cannot be used; `null` when it can. */
export function proxyUrlFault(text: string): string | null {
  if (!/^https?:\/\//i.test(text)) return 'does not start with http:// or https://';
  if (!URL.canParse(text)) return 'is not a URL';
  const url = new URL(text);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '')
    return 'holds more than scheme, login, host and port';
  try {
    decodeURIComponent(`${url.username}${url.password}`);
    return null;
  } catch {
    return 'has a user name or a password with a % that is not percent-encoded as %25';
  }
}
