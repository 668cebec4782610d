import { AgentError } from '../../errors.ts';
import type { Enrichment, EntityType } from '../entity.ts';
import type { Database } from './database.ts';
import { EnrichmentTable } from './enrichment-table.ts';
import { EntityTable } from './entity-table.ts';
import { Facts, TYPES, typesOf } from './facts.ts';
import type {
  Batch,
  Changes,
  Entry,
  Ledger,
  ParkedBatch,
  Pending,
  Place,
  Run,
  RunStart,
  Scope,
  Seen,
  SnapshotReason,
} from './ledger.ts';
import { type Members, membersOf, Outbox, parkedBatches } from './outbox.ts';
import { Places } from './places.ts';
import { nextTogether } from './refusals.ts';
import { type RunEntry, RunTable } from './run-table.ts';

/** @see Ledger */
export class SqliteLedger implements Ledger {
  readonly #db: Database;
  readonly #facts: Facts;
  readonly #runs: RunTable;
  readonly #entities: Readonly<Record<EntityType, EntityTable>>;
  readonly #enrichments: EnrichmentTable;
  readonly #outbox: Outbox;
  readonly #places: Places;
  readonly #parked: () => ParkedBatch[];
  /** The number of the run that is under way; 0: none. */
  #current: number;

  /** @param db a ledger's file with all its tables */
  constructor(db: Database) {
    this.#db = db;
    this.#facts = new Facts(db);
    this.#runs = new RunTable(db);
    this.#entities = { user: new EntityTable(db, 'user'), repository: new EntityTable(db, 'repository') };
    this.#enrichments = new EnrichmentTable(db);
    this.#outbox = new Outbox(db);
    this.#places = new Places(db);
    this.#parked = parkedBatches(db);
    this.#current = this.unfinished()?.number ?? 0;
  }

  get snapshotDue(): SnapshotReason | null {
    return this.#db.read(() => this.#facts.snapshotDue);
  }

  unfinished(): Run | null {
    return this.#db.read(() => this.#runs.inState('delivering'));
  }

  start(run: RunStart): Run {
    const number = this.#db.transaction(() => {
      if (this.#runs.inState('delivering') !== null) throw defect('A run is still delivering.');
      const interrupted = { code: 'RUN_INTERRUPTED', message: 'The process ended while it was collecting.' };
      this.#runs.failCollecting(run.startedAt, interrupted);
      if (run.kind === 'snapshot') this.#facts.demandSnapshot(typesOf(run.scope), 'full');
      this.#places.clear();
      return this.#runs.insert(run);
    });
    this.#current = number;
    for (const type of TYPES) this.#entities[type].begin();
    return this.#db.read(() => this.#run());
  }

  store(type: EntityType, entries: readonly Entry[]): number {
    return this.#db.transaction(() => this.#entities[type].store(this.#collecting().number, entries));
  }

  keep(type: EntityType, sourceIds: readonly number[] | 'all'): number {
    return this.#db.transaction(() => {
      this.#collecting();
      return this.#entities[type].touch(sourceIds);
    });
  }

  unseen(type: EntityType): number {
    return this.#db.read(() => this.#entities[type].unseenCount());
  }

  enrichments(sourceIds: readonly number[]): ReadonlyMap<number, Enrichment> {
    return this.#db.read(() => this.#enrichments.lookup(sourceIds));
  }

  rememberPlaces(places: readonly Place[]): void {
    this.#db.transaction(() => this.#places.add(places));
  }

  placesLeft(): number {
    return this.#db.read(() => this.#places.count());
  }

  takePlaces(count: number): readonly Place[] {
    return this.#db.transaction(() => this.#places.take(count));
  }

  enrich(sourceId: number, enrichment: Enrichment, at: string, record: string): void {
    this.#db.transaction(() => {
      const { number } = this.#collecting();
      if (this.#entities.repository.replace(number, sourceId, record))
        this.#enrichments.put(sourceId, enrichment, at);
    });
  }

  recordOf(sourceId: number): string | null {
    return this.#db.read(() => this.#entities.repository.recordOf(sourceId));
  }

  collected(seen: Seen): Run {
    return this.#db.transaction(() => {
      const run = this.#collecting();
      const { number, scope, partial } = run;
      if (!partial) this.#supersedeParked(scope);
      const total = { added: 0, changed: 0, deleted: 0 };
      for (const type of typesOf(scope)) {
        const baseline = this.#runs.baseline(type === 'user' ? 'users' : 'repositories', number);
        const table = this.#entities[type];
        addTo(total, partial ? table.changes(baseline) : table.complete(run, baseline));
      }
      if (!partial) this.#enrichments.forgetGone();
      this.#places.clear();
      this.#runs.collected(number, seen, total);
      return this.#run();
    });
  }

  waiting(): Batch | null {
    return this.#db.read(() => this.#outbox.oldest(this.#current));
  }

  pending(count: number): readonly Pending[] {
    return this.#db.read(() => {
      const tables = typesOf(this.#run().scope).map((type) => this.#entities[type]);
      return nextTogether(tables, count);
    });
  }

  pendingCount(): number {
    return this.#db.read(() => this.#openCount(this.#run().scope));
  }

  /** Durable: were it forgotten after its first try, other bytes would go out under the same idempotency key. */
  enqueue(members: readonly Pending[], body: (sequence: number) => Buffer): Batch {
    return this.#db.durably(() => {
      const run = this.#delivering();
      const sequence = run.sequence + 1;
      const batch = { sequence, body: body(sequence), size: members.length };
      const ids = membersOf(members);
      const held = this.#entities.user.hold(ids.user) + this.#entities.repository.hold(ids.repository);
      if (held !== members.length) throw defect('A member of the batch is in another one.');
      this.#outbox.add(run, batch, ids);
      this.#runs.enqueued(run.number, sequence);
      return batch;
    });
  }

  acknowledge(sequence: number): number {
    return this.#db.transaction(() => {
      const { size, members } = this.#take(sequence);
      this.#entities.user.acknowledge(members.user);
      this.#entities.repository.acknowledge(members.repository);
      this.#runs.acknowledged(this.#current, size);
      return this.#run().sent;
    });
  }

  park(sequence: number, status: number, text: string): void {
    this.#db.transaction(() => {
      const members = this.#outbox.park(this.#current, sequence, status, text);
      if (members === null) throw noSuchBatch(sequence);
      for (const type of TYPES) this.#entities[type].refuse(members[type]);
    });
  }

  withdraw(sequence: number): readonly Pending[] {
    return this.#db.transaction(() => {
      const { members } = this.#take(sequence);
      this.#release(members);
      const { user, repository } = this.#entities;
      return [...user.members(members.user), ...repository.members(members.repository)];
    });
  }

  parked(): readonly ParkedBatch[] {
    return this.#db.read(this.#parked);
  }

  get anyAcknowledged(): boolean {
    return this.#db.read(() => (this.#runs.get(this.#current)?.acknowledged ?? 0) > 0);
  }

  get finalAcknowledged(): boolean {
    return this.#db.read(() => this.#runs.get(this.#current)?.final ?? false);
  }

  finish(state: 'complete' | 'parked' | 'failed', at: string, error: Run['error'] = null): Run {
    const run = this.#db.transaction(() => {
      const { number } = this.#run();
      if (state !== 'failed') this.#endDelivery(state);
      for (const members of this.#outbox.takeAll(number)) this.#release(members);
      this.#places.clear();
      this.#runs.end(number, state, at, error);
      return this.#run();
    });
    this.#current = 0;
    return run;
  }

  close(): void {
    this.#db.close();
  }

  #run(): RunEntry {
    const run = this.#runs.get(this.#current);
    if (run === null) throw defect('No run is under way.');
    return run;
  }

  #collecting(): RunEntry {
    const run = this.#run();
    if (run.state !== 'collecting') throw defect('The run has collected everything already.');
    return run;
  }

  #delivering(): RunEntry {
    const run = this.#run();
    if (run.state !== 'delivering') throw defect('The run has not collected everything yet.');
    return run;
  }

  #take(sequence: number): { readonly size: number; readonly members: Members } {
    const taken = this.#outbox.take(this.#current, sequence);
    if (taken === null) throw noSuchBatch(sequence);
    return taken;
  }

  #release(members: Members): void {
    this.#entities.user.release(members.user);
    this.#entities.repository.release(members.repository);
  }

  #openCount(scope: Scope): number {
    return typesOf(scope).reduce((count, type) => count + this.#entities[type].pendingCount(), 0);
  }

  /** What this run looks at again is no longer held back by a refused batch. */
  #supersedeParked(scope: Scope): void {
    const types = typesOf(scope);
    for (const { id, members } of this.#outbox.parked()) {
      const left: Record<EntityType, readonly number[]> = { ...members };
      for (const type of types) {
        this.#entities[type].release(members[type]);
        left[type] = [];
      }
      this.#outbox.shrink(id, left);
    }
  }

  #endDelivery(state: 'complete' | 'parked'): void {
    const { number, kind, scope, acknowledged } = this.#delivering();
    if (this.#outbox.oldest(number) !== null) throw defect('A batch of the run still waits.');
    if (state === 'parked') return;
    if (this.#outbox.parkedCount(number) > 0) throw defect('A batch of the run is parked.');
    const allThere = acknowledged > 0 && this.#openCount(scope) === 0;
    if (kind === 'snapshot' && allThere) this.#facts.snapshotDone(scope);
  }
}

function addTo(total: { added: number; changed: number; deleted: number }, changes: Changes): void {
  total.added += changes.added;
  total.changed += changes.changed;
  total.deleted += changes.deleted;
}

function defect(message: string): AgentError {
  return new AgentError('INTERNAL', message);
}

function noSuchBatch(sequence: number): AgentError {
  return defect(`No batch ${sequence} of the run waits.`);
}
