import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Ledger, Run, Scope } from '../../../src/inventory/ledger/ledger.ts';
import { expected, type Message, ReceiverModel } from './receiver-model.ts';
import * as stage from './stage.ts';
import { AT, BOTH, entries, ONLY_REPOSITORIES, ONLY_USERS, SEEN } from './stage.ts';

/** What becomes of a run. `answers`: of its requests, in order; after the last all is well. */
interface Plan {
  readonly users: stage.World;
  readonly repositories: stage.World;
  readonly scope: Scope;
  readonly full: boolean;
  readonly off: boolean;
  readonly fails: 'collecting' | 'killed collecting' | 'delivering' | 'no';
  readonly answers: readonly ('ok' | 'killed' | 'lost, killed' | 'too large' | 'refused')[];
  readonly privacy: boolean;
  readonly receiver: boolean;
}

const world = fc.dictionary(
  fc.integer({ min: 1, max: 5 }).map(String),
  fc.constantFrom('a', 'b'),
) as fc.Arbitrary<stage.World>;
const plans = fc.array(
  fc.record<Plan>({
    users: world,
    repositories: world,
    scope: fc.constantFrom(BOTH, BOTH, ONLY_USERS, ONLY_REPOSITORIES),
    full: fc.constantFrom(false, false, true),
    off: fc.constantFrom(false, false, false, true),
    fails: fc.constantFrom('no', 'no', 'collecting', 'killed collecting', 'delivering'),
    answers: fc.array(fc.constantFrom('ok', 'killed', 'lost, killed', 'too large', 'refused'), {
      maxLength: 5,
    }),
    privacy: fc.constantFrom(false, false, false, true),
    receiver: fc.constantFrom(false, false, false, true),
  }),
  { maxLength: 7 },
);

/** An agent over the ledger that does what a run does, and whose process may end at any request. */
class Walker {
  receiver = new ReceiverModel();
  ledger: Ledger;
  readonly #path: string;
  readonly #abandoned: Ledger[] = [];
  #privacy = 1;
  #receiver = 1;
  #number = 0;

  constructor(path: string) {
    this.#path = path;
    this.ledger = stage.open(path);
  }

  close(): void {
    for (const ledger of [...this.#abandoned, this.ledger]) ledger.close();
  }

  walk(plan: Plan): void {
    if (plan.privacy) this.#privacy += 1;
    if (plan.receiver) {
      this.#receiver += 1;
      this.receiver = new ReceiverModel();
    }
    if (plan.privacy || plan.receiver) this.#reopen();
    const unfinished = this.ledger.unfinished();
    if (unfinished !== null && plan.off) this.ledger.finish('failed', AT);
    else if (unfinished !== null) this.#deliver(unfinished, [], false);
    const due = !plan.off && (this.ledger.snapshotDue !== null || plan.full);
    const scope = due ? BOTH : plan.scope;
    this.#number += 1;
    const runId = `run-${this.#number}`;
    this.ledger.start({ runId, scope, kind: due ? 'snapshot' : 'delta', startedAt: AT });
    if (scope.users) this.ledger.store('user', entries(plan.users));
    if (plan.fails === 'killed collecting') return void this.#reopen();
    if (plan.fails === 'collecting') return void this.ledger.finish('failed', AT);
    if (scope.repositories) this.ledger.store('repository', entries(plan.repositories));
    const run = this.ledger.collected(SEEN);
    if (plan.off) return void this.ledger.finish('complete', AT);
    const state = this.#deliver(run, [...plan.answers], plan.fails === 'delivering');
    if (state === 'complete') this.#compare(scope, plan);
  }

  #compare(scope: Scope, { users, repositories }: Plan): void {
    const held = (type: string) => [...this.receiver.held].filter(([name]) => name.startsWith(type)).sort();
    if (scope.users) expect(held('user')).toEqual(expected('user', users));
    if (scope.repositories) expect(held('repository')).toEqual(expected('repository', repositories));
  }

  #deliver(run: Run, answers: Plan['answers'][number][], gaveUp: boolean): Run['state'] {
    for (;;) {
      if (this.ledger.finalAcknowledged) return this.ledger.finish('complete', AT).state;
      const batch = this.ledger.waiting() ?? this.#next(run);
      const answer = answers.shift() ?? 'ok';
      if (batch === null) return this.#manifest(run, answer === 'killed');
      if (gaveUp && answers.length === 0) {
        if (answer === 'lost, killed') this.receiver.take(batch.body.toString());
        return this.ledger.finish('failed', AT).state;
      }
      if (answer === 'killed') return this.#reopen();
      if (answer === 'refused') this.ledger.park(batch.sequence, 400, 'no');
      else if (answer === 'too large' && batch.size > 1) this.#halve(run, batch.sequence);
      else {
        this.receiver.take(batch.body.toString());
        if (answer === 'lost, killed') return this.#reopen();
        this.ledger.acknowledge(batch.sequence);
      }
    }
  }

  #next(run: Run) {
    const members = this.ledger.pending(3);
    return members.length === 0 ? null : this.#enqueue(run, members, false);
  }

  #enqueue({ runId, kind }: Run, members: Message['members'], final: boolean) {
    return this.ledger.enqueue(members, (sequence) =>
      Buffer.from(JSON.stringify({ runId, sequence, kind, members, final })),
    );
  }

  #halve(run: Run, sequence: number): void {
    const members = this.ledger.withdraw(sequence);
    this.#enqueue(run, members.slice(0, 1), false);
    this.#enqueue(run, members.slice(1), false);
  }

  #manifest(run: Run, isKilled: boolean): Run['state'] {
    const parked = this.ledger.parked().some(({ runId }) => runId === run.runId);
    if (parked) return this.ledger.finish('parked', AT).state;
    const { sequence, body } = this.#enqueue(run, [], true);
    this.receiver.take(body.toString());
    this.ledger.acknowledge(sequence);
    return isKilled ? this.#reopen() : this.ledger.finish('complete', AT).state;
  }

  /** The process ends without a word, and another one starts. */
  #reopen(): 'delivering' {
    this.#abandoned.push(this.ledger);
    this.ledger = stage.open(this.#path, {
      privacy: `settings-${this.#privacy}`,
      receiver: `receiver-${this.#receiver}`,
    });
    return 'delivering';
  }
}

describe('whatever happens to earlier runs', () => {
  const folders: ReturnType<typeof stage.folder>[] = [];
  afterEach(() => {
    for (const each of folders.splice(0)) each.remove();
  });

  it('a complete run leaves the receiver with exactly what is there', () => {
    fc.assert(
      fc.property(plans, world, world, (earlier, users, repositories) => {
        const folder = stage.folder();
        folders.push(folder);
        const walker = new Walker(folder.path);
        const last: Plan = {
          ...{ users, repositories, scope: BOTH, full: false, off: false, fails: 'no' as const },
          ...{ answers: [], privacy: false, receiver: false },
        };
        try {
          for (const plan of [...earlier, last]) walker.walk(plan);
          expect(walker.ledger.snapshotDue).toBeNull();
          expect(walker.ledger.parked()).toEqual([]);
        } finally {
          walker.close();
          folder.remove();
        }
      }),
      { numRuns: 60 },
    );
  });
});
