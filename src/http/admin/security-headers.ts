import { hash } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

const policy = (style: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${style}`,
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

const HEADERS = {
  'Content-Security-Policy': policy("'self'"),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** For every answer that the operators' port makes itself: no foreign page reads, frames or keeps it. */
export function secure(response: Response): void {
  response.set(HEADERS);
}

export const securityHeaders: RequestHandler = (_request, response, next) => {
  secure(response);
  next();
};

/** Lets the one `<style>` of a page that stands alone take effect, by its hash. */
export function allowOwnStyle(response: Response, page: string): void {
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
  response.set('Content-Security-Policy', policy(`'sha256-${hash('sha256', style, 'base64')}'`));
}
