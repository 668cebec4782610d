import { gunzipSync } from 'node:zlib';

/** Why Bitbucket answered 401: it knows no such login, or the login may not do this. */
export type Refusal = 'bad-login' | 'missing-permission';

const BAD_LOGIN = /\.(IncorrectPassword|NoAccess)AuthenticationException$|\.AuthenticationRequiredException$/;
const MISSING_PERMISSION = /\.AuthorisationException$/;
/** Unpacked; an error's own is far smaller. */
const LONGEST_BODY_BYTES = 64 * 1024;

/**
 * Bitbucket answers 401 for a missing permission too, so only the exception's name tells
 * (Bitbucket 9.4; `com.atlassian.stash.exception` in old servers). Without a name it is the header `X-AUSERNAME`,
 * which every answer to somebody who is logged in carries.
 */
export function classify401(headers: Readonly<Record<string, unknown>>, body: Buffer): Refusal {
  const packed = /gzip/i.test(String(headers['content-encoding'] ?? ''));
  const name = exceptionName(packed ? unpacked(body) : body);
  if (MISSING_PERMISSION.test(name)) return 'missing-permission';
  if (BAD_LOGIN.test(name)) return 'bad-login';
  return headers['x-ausername'] === undefined ? 'bad-login' : 'missing-permission';
}

function unpacked(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: LONGEST_BODY_BYTES });
  } catch {
    return Buffer.alloc(0);
  }
}

/** The Java name of the exception that an error body tells; `''` when it tells none. */
export function exceptionName(body: Buffer): string {
  try {
    const parsed = JSON.parse(body.toString('utf8')) as {
      errors?: { exceptionName?: unknown }[];
      exceptionName?: unknown;
    };
    const name = parsed.errors?.[0]?.exceptionName ?? parsed.exceptionName;
    return typeof name === 'string' ? name : '';
  } catch {
    return '';
  }
}
