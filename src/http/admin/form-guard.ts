import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';

/**
 * Proves that a form was sent from this process's own page: browsers send a login along with any site's request, so
 * a login alone says nothing about who wanted it.
 */
export class FormGuard {
  /** New with each process, so that old pages' forms are refused. */
  readonly #key = randomBytes(32);

  /** What a form for this path must carry. */
  token(action: string): string {
    return createHmac('sha256', this.#key).update(action).digest('base64url');
  }

  /** `given`: what the form carries. */
  allows(request: Request, given: unknown): boolean {
    return fromOwnPage(request) && typeof given === 'string' && same(given, this.token(request.path));
  }
}

/**
 * What the browser itself says of where a request comes from, as far as it says something: `Sec-Fetch-Site` is sent to
 * https and loopback only, and `Origin` is `null` where the page's referrer policy is `no-referrer`, as this one's is.
 */
function fromOwnPage({ headers }: Request): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return false;
  const { origin } = headers;
  if (origin === undefined || origin === 'null') return true;
  return URL.canParse(origin) && new URL(origin).host === hostOf(headers.host ?? '');
}

/** As URLs have it, without a port that is the scheme's own. */
const hostOf = (host: string): string =>
  URL.canParse(`http://${host}`) ? new URL(`http://${host}`).host : host;

function same(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
