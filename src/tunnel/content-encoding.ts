import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { AgentError, failureCode } from '../errors.ts';

/** Nobody compresses twice; so many times is an attack. */
const MOST_ENCODINGS = 4;

type Decode = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS = new Map<string, Decode>([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);

/**
 * Undoes a response's `content-encoding`.
 *
 * @throws AgentError `BODY_TOO_LARGE` over `limit` bytes, `DOWNSTREAM_ERROR` for broken or unknown encodings
 */
export async function decodeContent(encoding: string, body: Buffer, limit: number): Promise<Buffer> {
  let decoded = body;
  const names = encoding
    .toLowerCase()
    .split(',', MOST_ENCODINGS)
    .map((name) => name.trim());
  for (const name of names.reverse()) {
    if (name === 'identity') continue;
    const decode = names.length < MOST_ENCODINGS ? DECODERS.get(name) : undefined;
    if (decode === undefined)
      throw new AgentError('DOWNSTREAM_ERROR', 'The answer has an unknown content-encoding.');
    try {
      decoded = await decode(decoded, { maxOutputLength: limit });
    } catch (cause) {
      if (failureCode(cause) === 'ERR_BUFFER_TOO_LARGE') {
        throw new AgentError('BODY_TOO_LARGE', 'The answer is over 20 MiB once decompressed.', { cause });
      }
      throw new AgentError('DOWNSTREAM_ERROR', 'The answer cannot be decompressed.', { cause });
    }
  }
  return decoded;
}
