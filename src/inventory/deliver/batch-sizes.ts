import { MOST_BYTES } from './batch-body.ts';

/**
 * How large a batch may be: 1 MiB, until a receiver has found one too large. From then on half of the smallest that was
 * refused, or the largest that has passed: a limit is learned once and not with every batch.
 */
export class BatchSizes {
  #smallestRefused = Number.POSITIVE_INFINITY;
  #largestAccepted = 0;

  accepted(bytes: number): void {
    this.#largestAccepted = Math.max(this.#largestAccepted, bytes);
  }

  refused(bytes: number): void {
    this.#smallestRefused = Math.min(this.#smallestRefused, bytes);
    if (this.#largestAccepted >= bytes) this.#largestAccepted = 0;
  }

  get mostBytes(): number {
    return Math.min(MOST_BYTES, Math.max(this.#smallestRefused / 2, this.#largestAccepted));
  }
}
