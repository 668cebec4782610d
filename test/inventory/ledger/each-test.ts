import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach } from '@jest/globals';
import type { LedgerIdentity } from '../../../src/inventory/ledger/facts.ts';
import type { Ledger } from '../../../src/inventory/ledger/ledger.ts';
import { atTheEnd, endAll } from '../../kit/endings.ts';
import { folder, open, run } from './stage.ts';

/** A state folder that is another one in each test. */
export interface FolderOfTest {
  readonly path: string;
  /** The ledger's database. */
  readonly file: string;
  /** Opens the ledger; it is closed with the test, if not before. */
  open(identity?: Partial<LedgerIdentity>): Ledger;
  /** Leaves a ledger of one delivered run, with as many repositories as fill some pages. */
  fill(): void;
  /** Changes the database behind the ledger's back. */
  sql(statement: string): void;
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
    get file() {
      return join(path, 'ledger.db');
    },
    open(identity) {
      const ledger = open(path, identity);
      atTheEnd(() => ledger.close());
      return ledger;
    },
    fill() {
      const ledger = open(path);
      const many = Object.fromEntries(Array.from({ length: 400 }, (_, at) => [at + 1, 'x'.repeat(300)]));
      run(ledger, { 1: 'a' }, many, { kind: 'snapshot' });
      ledger.close();
    },
    sql(statement) {
      const db = new DatabaseSync(this.file);
      db.exec(statement);
      db.close();
    },
  };
}
