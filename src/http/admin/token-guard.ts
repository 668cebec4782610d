import { hash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Log } from '../../log.ts';
import { refuse } from './refusal.ts';

/** Both are offered: programs send a bearer token, browsers ask for a password. */
const CHALLENGES = ['Bearer realm="bitbucket-agent"', 'Basic realm="bitbucket-agent", charset="UTF-8"'];
const MESSAGE =
  'Send ADMIN_TOKEN as Authorization: Bearer; in a browser give it as the password, with any user.';

/** Demands the token, as `Bearer` or as the password of `Basic`. Digests are compared, in constant time. */
export function tokenGuard(token: string, log: Log): RequestHandler {
  const wanted = digest(token);
  return (request, response, next) => {
    const given = credentialOf(request.headers.authorization ?? '');
    if (timingSafeEqual(digest(given), wanted)) return next();
    response.setHeader('WWW-Authenticate', CHALLENGES);
    refuse(log, request, response, 'UNAUTHORIZED', MESSAGE);
  };
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

/** Empty when there is none; no token is empty. */
function credentialOf(header: string): string {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(header) ?? [];
  if (scheme.toLowerCase() !== 'basic') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? '' : pair.slice(colon + 1);
}
