import { hash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

/** A check of `Authorization` headers against one bearer token. It takes as long for any header. */
export function bearerCheck(token: string): (authorization: string | undefined) => boolean {
  const wanted = digest(token);
  return (authorization = '') => {
    const given = /^Bearer +([^ ]+) *$/i.exec(authorization)?.[1] ?? '';
    return timingSafeEqual(digest(given), wanted);
  };
}
