import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch, Ledger, Run } from '../../../src/inventory/ledger/ledger.ts';
import { AT, BOTH, entries, open, SEEN, type World } from './stage.ts';

/** The users that run `number` sees. */
export function usersOf(number: number): World {
  return Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => index + (number % 7)).map((id) => [
      id,
      `user ${id} ${(id * number) % 5}`,
    ]),
  );
}

/** Runs and runs over the ledger of the folder, telling each step; what it sends goes into `received`. */
class Writer {
  readonly #path: string;
  readonly #ledger: Ledger;

  constructor(path: string) {
    this.#path = path;
    this.#ledger = open(path);
  }

  run(): number {
    const unfinished = this.#ledger.unfinished();
    if (unfinished !== null) this.#deliver(unfinished);
    const kind = this.#ledger.snapshotDue === null ? 'delta' : 'snapshot';
    const { number } = this.#ledger.start({ runId: crypto.randomUUID(), scope: BOTH, kind, startedAt: AT });
    const users = entries(usersOf(number));
    for (let at = 0; at < users.length; at += 10) {
      this.#ledger.store('user', users.slice(at, at + 10));
      this.#ledger.store('repository', users.slice(at, at + 10));
      this.#step();
    }
    for (const { sourceId, record } of users) this.#ledger.enrich(sourceId, { labels: [] }, AT, record);
    this.#deliver(this.#ledger.collected(SEEN));
    return number;
  }

  #deliver(run: Run): void {
    this.#step();
    const waiting = this.#ledger.waiting();
    if (waiting !== null) this.#send(waiting);
    if (this.#ledger.finalAcknowledged) return void this.#ledger.finish('complete', AT);
    for (let members = this.#ledger.pending(8); members.length > 0; members = this.#ledger.pending(8))
      this.#send(this.#ledger.enqueue(members, (sequence) => body(run, sequence, members, false)));
    this.#send(this.#ledger.enqueue([], (sequence) => body(run, sequence, [], true)));
    this.#step();
    this.#ledger.finish('complete', AT);
  }

  #send({ sequence, body }: Batch): void {
    appendFileSync(join(this.#path, 'received'), `\n${body}`);
    this.#step();
    this.#ledger.acknowledge(sequence);
  }

  #step(): void {
    process.stdout.write('.');
  }
}

function body({ runId, kind }: Run, sequence: number, members: unknown, final: boolean): Buffer {
  return Buffer.from(JSON.stringify({ runId, sequence, kind, members, final }));
}

if (import.meta.main) {
  const [, , path = '', times = 'Infinity'] = process.argv;
  const writer = new Writer(path);
  for (let count = 0; count < Number(times); count += 1) {
    const number = writer.run();
    if (times === '1') process.stdout.write(`run ${number}`);
  }
}
