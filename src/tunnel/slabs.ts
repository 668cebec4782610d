/** Room for one answer that is gathered, with its head. */
export const SLAB_BYTES = 72 * 1024;
/** So many lie ready: 2.25 MiB. */
const MOST_KEPT = 32;

const kept: Buffer[] = [];

/**
 * Memory for answers that go out whole, used again and again. A new buffer for each would be garbage outside V8's own
 * heap, of which it lets 64 MiB pile up before it looks.
 */
export function takeSlab(): Buffer {
  return kept.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
}

/** Gives a slab back that nobody reads any more. */
export function returnSlab(slab: Buffer): void {
  if (kept.length < MOST_KEPT) kept.push(slab);
}
