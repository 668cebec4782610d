import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Secret } from '../config/secret.ts';

/** Why a webhook counts as not signed, for records only: the sender is not told. */
export type SignatureFlaw =
  | 'signature-missing'
  | 'signature-repeated'
  | 'signature-malformed'
  | 'signature-wrong';

/** As Bitbucket writes it: `sha256=` and the HMAC-SHA256 of the raw body in lower-case hexadecimal. */
const SIGNATURE = /^sha256=([\da-f]{64})$/;

/**
 * Looks whether `X-Hub-Signature` is what the secret makes of exactly these bytes. Other algorithms, upper case and a
 * header that came twice are refused. The comparison takes the same time wherever the two differ.
 */
export function signatureFlaw(
  { headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>,
  body: Buffer,
  secret: Secret,
): SignatureFlaw | null {
  const [given, ...more] = headersDistinct['x-hub-signature'] ?? [];
  if (given === undefined) return 'signature-missing';
  if (more.length > 0) return 'signature-repeated';
  const hex = SIGNATURE.exec(given)?.[1];
  if (hex === undefined) return 'signature-malformed';
  const expected = createHmac('sha256', secret.reveal()).update(body).digest();
  return timingSafeEqual(Buffer.from(hex, 'hex'), expected) ? null : 'signature-wrong';
}
