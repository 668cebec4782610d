import { afterEach, beforeEach } from '@jest/globals';
import type { LedgerIdentity } from '../../../src/inventory/ledger/facts.ts';
import type { Ledger } from '../../../src/inventory/ledger/ledger.ts';
import { atTheEnd, endAll } from '../../kit/endings.ts';
import { folder, open } from './stage.ts';

/** A state folder that is another one in each test. */
export interface FolderOfTest {
  readonly path: string;
  /** Opens the ledger in it; it is closed with the test, if not before. */
  open(identity?: Partial<LedgerIdentity>): Ledger;
}

/** Gives each test of a file a state folder of its own, and takes it away when all that the test has started is ended. */
export function folderOfEachTest(): FolderOfTest {
  let path = '';
  beforeEach(() => {
    const made = folder();
    atTheEnd(() => made.remove());
    path = made.path;
  });
  afterEach(endAll);
  return {
    get path() {
      return path;
    },
    open(identity) {
      const ledger = open(path, identity);
      atTheEnd(() => ledger.close());
      return ledger;
    },
  };
}
