import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { AgentError, failureCode } from '../errors.ts';

const DECODERS: Readonly<
  Record<string, (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>>
> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
  zstd: promisify(zstdDecompress),
};

/**
 * Undoes a response's `content-encoding`.
 *
 * @throws AgentError `BODY_TOO_LARGE` over `limit` bytes, `DOWNSTREAM_ERROR` for broken or unknown encodings
 */
export async function decodeContent(encoding: string, body: Buffer, limit: number): Promise<Buffer> {
  let decoded = body;
  for (const name of encoding.toLowerCase().split(',').reverse()) {
    const decode = DECODERS[name.trim()];
    if (name.trim() === 'identity') continue;
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
