import { takeLock } from '../../../src/inventory/ledger/lock.ts';

/** Takes the lock of the folder in its argument and keeps it until it is killed. */
takeLock(process.argv[2] ?? '', 'a test that holds the lock');
// A lock that nobody refers to is held all the same.
globalThis.gc?.();
process.stdout.write('held\n');
process.stdin.resume();
