import { createHash } from 'node:crypto';

/** Bytes of one block of the generated stream. */
export const STREAM_BLOCK = 65_536;

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function basis(): Buffer {
  const block = Buffer.alloc(STREAM_BLOCK);
  let state = 0x2545f491;
  for (let at = 0; at < block.length; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block[at] = ALPHABET.charCodeAt((state >>> 0) % 64);
  }
  return block;
}

const BASIS = basis();

/**
 * The generated body in order: ASCII only, so that it may also travel inside JSON. Every block of 64 KiB begins with its
 * number in 16 hex digits, so a block lost, doubled or out of order changes the sum.
 */
export function* streamBlocks(bytes: number): Generator<Buffer> {
  for (let sent = 0, number = 0; sent < bytes; sent += STREAM_BLOCK, number += 1) {
    const block = Buffer.from(BASIS);
    block.write(number.toString(16).padStart(16, '0'), 'latin1');
    yield block.subarray(0, Math.min(STREAM_BLOCK, bytes - sent));
  }
}

/** The SHA-256 (hex) of a generated body of that many bytes, without holding it. */
export function streamSha256(bytes: number): string {
  const sum = createHash('sha256');
  for (const block of streamBlocks(bytes)) sum.update(block);
  return sum.digest('hex');
}
