import { createHash } from 'node:crypto';

/** A number from 0 to 2^32-1 that depends on nothing but the seed and the words: the same world on every machine. */
export function drawn(seed: number, ...words: readonly (string | number)[]): number {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (const word of words) {
    const text = `${word}|`;
    for (let at = 0; at < text.length; at += 1)
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** One of `choices`, drawn. Throws when there is nothing to choose from. */
export function pick<T>(choices: readonly T[], seed: number, ...words: readonly (string | number)[]): T {
  const chosen = choices[drawn(seed, ...words) % choices.length];
  if (chosen === undefined) throw new RangeError('nothing to choose from');
  return chosen;
}

/** `length` (at most 40) lower-case hex digits: commit ids, hierarchy ids, session ids. */
export function hex(length: number, seed: number, ...words: readonly (string | number)[]): string {
  return createHash('sha1')
    .update(`${seed}|${words.join('|')}`)
    .digest('hex')
    .slice(0, length);
}
