import type { RequestHandler, Response } from 'express';

const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
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
