import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerIdentity } from '../../../src/inventory/ledger/facts.ts';
import type {
  Batch,
  Entry,
  Ledger,
  Pending,
  RunStart,
  Scope,
  Seen,
} from '../../../src/inventory/ledger/ledger.ts';
import { openLedger } from '../../../src/inventory/ledger/open-ledger.ts';

export const IDENTITY: LedgerIdentity = {
  baseUrl: 'https://bitbucket.example/scm',
  privacy: 'settings-1',
  receiver: 'receiver-1',
};
export const AT = '2026-05-04T03:02:01.000Z';
export const BOTH: Scope = { users: true, repositories: true, enrichment: true };
export const ONLY_USERS: Scope = { users: true, repositories: false, enrichment: false };
export const ONLY_REPOSITORIES: Scope = { users: false, repositories: true, enrichment: false };
export const SEEN: Seen = { users: 1, repositories: 1, skipped: 0, skippedBy: {}, usersFrom: '/users' };

/** A folder of its own in a temporary place; `remove` takes it away. */
export function folder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'ledger-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function open(path: string, identity: Partial<LedgerIdentity> = {}): Ledger {
  return openLedger(path, { ...IDENTITY, ...identity }, { now: () => Date.parse(AT) });
}

/** `{1: 'a'}`: the entity with id 1 whose record is `"a"`. */
export type World = Readonly<Record<number, string>>;

export function entries(world: World): Entry[] {
  return Object.entries(world).map(([id, text]) => ({ sourceId: Number(id), record: JSON.stringify(text) }));
}

let runs = 0;

/** Starts a run and stores what it sees. */
export function read(ledger: Ledger, users: World, repositories: World, start: Partial<RunStart> = {}): void {
  runs += 1;
  ledger.start({ runId: `run-${runs}`, scope: BOTH, kind: 'delta', startedAt: AT, ...start });
  ledger.store('user', entries(users));
  ledger.store('repository', entries(repositories));
}

/** `user 1 "a"`, `repository 2 gone`. */
export function told(pending: readonly Pending[]): string[] {
  return pending.map(({ type, sourceId, record }) => `${type} ${sourceId} ${record ?? 'gone'}`);
}

/** Puts what is pending into a batch. */
export function enqueue(ledger: Ledger, count = 500): Batch {
  const members = ledger.pending(count);
  return ledger.enqueue(members, (sequence) => bodyOf(sequence, members));
}

export function bodyOf(sequence: number, members: readonly Pending[]): Buffer {
  return Buffer.from(JSON.stringify({ sequence, members }));
}

/** Sends everything; the receiver takes it all. @returns what went out */
export function deliver(ledger: Ledger): string[] {
  const sent: string[] = [];
  for (let members = ledger.pending(2); members.length > 0; members = ledger.pending(2)) {
    sent.push(...told(members));
    ledger.acknowledge(enqueue(ledger, 2).sequence);
  }
  ledger.acknowledge(ledger.enqueue([], () => Buffer.from('manifest')).sequence);
  return sent;
}

/** One whole run, complete and acknowledged. @returns what went out */
export function run(
  ledger: Ledger,
  users: World,
  repositories: World,
  start: Partial<RunStart> = {},
): string[] {
  read(ledger, users, repositories, start);
  ledger.collected(SEEN);
  const sent = deliver(ledger);
  ledger.finish('complete', AT);
  return sent;
}
