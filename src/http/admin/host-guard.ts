import { isIPv4, isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import type { Log } from '../../log.ts';
import { refuse } from './refusal.ts';

const HOST = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[^\s:[\]]+))(?::\d{1,5})?$/i;
const MESSAGE =
  'This port answers to IP addresses, localhost and the names in ADMIN_ALLOWED_HOSTS; it was called by another name.';

/**
 * Lets through what was asked of an IP address, `localhost` or an allowed name, at any port. A page of another site
 * that has its own name resolve to this host (DNS rebinding) sends that name, and is refused. So is who sends two: a
 * proxy in between may have gone by the other one.
 */
export function hostGuard(allowed: readonly string[], log: Log): RequestHandler {
  const names = new Set(['localhost', ...allowed]);
  const passes = (host: string): boolean => {
    const { v6, name } = HOST.exec(host)?.groups ?? {};
    if (v6 !== undefined) return isIPv6(v6);
    return name !== undefined && (isIPv4(name) || names.has(name.toLowerCase()));
  };
  return (request, response, next) => {
    // A request that names a whole URL is for that URL's host (RFC 9112, 3.2.2); browsers send such ones to proxies only.
    const own = request.url.startsWith('/') || request.url === '*';
    const [host = '', ...more] = request.headersDistinct.host ?? [];
    if (own && more.length === 0 && passes(host)) return next();
    refuse(log, request, response, 'HOST_NOT_ALLOWED', MESSAGE);
  };
}
