import { join } from 'node:path';
import { type ChainEnd, EMPTY_CHAIN, hashOf } from './chain.ts';
import type { AuditFile } from './files.ts';
import { linesBackwards } from './lines.ts';
import { readRecord } from './stored-record.ts';

/** How many lines are looked at for a number when the last ones have none. */
const MOST_LOOKED_AT = 1_000;

/** The end of a chain as its files have it. */
export interface FoundEnd extends ChainEnd {
  /** Bytes behind the last line break of the newest file: a record that was being written when the process died. */
  readonly tornBytes: number;
}

/**
 * Where a chain goes on. A last line that is no record keeps its place in the chain: `verify` is to find it.
 *
 * @param files oldest first
 */
export function endOf(folder: string, files: readonly AuditFile[]): FoundEnd {
  let tornBytes = 0;
  for (const [index, { name }] of files.toReversed().entries()) {
    let head: string | null = null;
    let behind = 0;
    for (const { bytes, length, whole } of linesBackwards(join(folder, name))) {
      if (!whole) {
        if (index === 0) tornBytes = length;
        continue;
      }
      head ??= hashOf(bytes);
      const record = readRecord(bytes);
      if (record !== null) return { seq: record.seq + behind, head, tornBytes };
      behind += 1;
      if (behind >= MOST_LOOKED_AT) break;
    }
    if (head !== null) return { seq: behind, head, tornBytes };
  }
  return { ...EMPTY_CHAIN, tornBytes };
}
