import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { type EssentialsBatch, readBatch } from './essentials-batch.ts';
import { type Attributes, EssentialsRun, TYPES } from './essentials-run.ts';
import { resourceFlaw } from './essentials-schemas.ts';
import type { ReceivedRequest, ReceiverAnswer } from './receiver.ts';

/** One batch that was applied; its members are counted, not kept. */
export interface AppliedBatch {
  readonly key: string;
  readonly runId: string;
  readonly sequence: number;
  readonly kind: 'snapshot' | 'delta';
  readonly profile: string;
  readonly serviceType: string;
  readonly resources: number;
  readonly deleted: number;
  readonly bytes: number;
  readonly final: EssentialsBatch['meta']['final'] | null;
}

/** What a receiver of the inventory holds, told by the batches alone. */
export interface EssentialsReceiver {
  /** For `Receiver.respond`: takes a POST at any path. 202: applied, or had already been. */
  respond(request: ReceivedRequest): ReceiverAnswer;
  /** By id. */
  readonly users: ReadonlyMap<string, Attributes>;
  readonly repositories: ReadonlyMap<string, Attributes>;
  /** In the order they were applied; repeated ones once. */
  readonly batches: readonly AppliedBatch[];
  /** How many came again, byte for byte the same. */
  readonly duplicates: number;
  /** What a sender must not do, as sentences; empty when all is well. */
  readonly problems: readonly string[];
}

export interface EssentialsReceiverOptions {
  /**
   * All requests that ever came, whoever answered them. With these the receiver also minds what it can only tell when
   * no batch has passed it by: tombstones for what was never named, and deltas that repeat what is held.
   */
  readonly received?: readonly ReceivedRequest[];
}

/** A receiver that has nothing yet. */
export function createEssentialsReceiver({ received }: EssentialsReceiverOptions = {}): EssentialsReceiver {
  const model = new Model(received ?? null);
  return {
    respond: (request) => model.respond(request),
    users: model.held.user,
    repositories: model.held.repository,
    batches: model.batches,
    problems: model.problems,
    get duplicates() {
      return model.duplicates;
    },
  };
}

class Model {
  readonly held = { user: new Map<string, Attributes>(), repository: new Map<string, Attributes>() };
  readonly batches: AppliedBatch[] = [];
  readonly problems: string[] = [];
  duplicates = 0;
  readonly #received: readonly ReceivedRequest[] | null;
  readonly #digests = new Map<string, string>();
  readonly #earlierRuns = new Set<string>();
  /** Every id that a batch has named. */
  readonly #named = new Set<string>();
  /** Whether the last run that named any of a type came to its final. */
  readonly #settled = { user: true, repository: true };
  #run: EssentialsRun | null = null;
  #settledBefore = { user: true, repository: true };

  constructor(received: readonly ReceivedRequest[] | null) {
    this.#received = received;
  }

  respond(request: ReceivedRequest): ReceiverAnswer {
    if (request.method !== 'POST') return this.#refuse(405, `${request.method} instead of POST`);
    const body = unpacked(request);
    const batch = readBatch(body, request.headers);
    if (typeof batch === 'string') return this.#refuse(400, batch);
    const { key } = batch;
    const digest = createHash('sha256').update(body).digest('base64');
    const known = this.#digests.get(key);
    if (known !== undefined && known !== digest) return this.#refuse(409, `${key}: other bytes than before`);
    if (known === undefined) {
      this.#digests.set(key, digest);
      this.#apply(batch, body.length);
    } else {
      this.duplicates += 1;
    }
    return { status: 202, headers: { 'content-type': 'application/vnd.api+json' }, body: '{"data":[]}' };
  }

  #refuse(status: number, problem: string): ReceiverAnswer {
    this.problems.push(problem);
    return { status, body: JSON.stringify({ errors: [{ status: String(status), detail: problem }] }) };
  }

  #apply(batch: EssentialsBatch, bytes: number): void {
    const { key, data, meta } = batch;
    const run = this.#runOf(meta);
    this.#mind(batch, run);
    run.take(batch, this.held);
    for (const { type, id, attributes } of data) {
      this.held[type].set(id, attributes);
      this.#named.add(id);
    }
    for (const { type, id } of meta.deleted) {
      this.held[type].delete(id);
      this.#named.add(id);
    }
    for (const { type } of [...data, ...meta.deleted]) this.#settled[type] = false;
    if (meta.final !== undefined) this.#finish(key, run, meta.kind, meta.final);
    this.batches.push({
      key,
      runId: meta.run_id,
      sequence: meta.sequence,
      kind: meta.kind,
      profile: meta.profile,
      serviceType: meta.service_type,
      resources: data.length,
      deleted: meta.deleted.length,
      bytes,
      final: meta.final ?? null,
    });
  }

  #runOf(meta: EssentialsBatch['meta']): EssentialsRun {
    const { run_id: runId, sequence } = meta;
    if (this.#run?.runId === runId) return this.#run;
    if (this.#earlierRuns.has(runId))
      this.problems.push(`${runId}:${sequence}: a run that another one had followed`);
    this.#earlierRuns.add(runId);
    this.#settledBefore = { ...this.#settled };
    this.#run = new EssentialsRun(meta, this.held);
    return this.#run;
  }

  /** What a batch must not be is told, and taken all the same. */
  #mind({ key, data, meta }: EssentialsBatch, run: EssentialsRun): void {
    const problems = run.flaws(meta);
    for (const resource of data) {
      const flaw = resourceFlaw(resource);
      if (flaw !== null) problems.push(`${resource.type} ${resource.id}: ${flaw}`);
    }
    for (const { type, id } of meta.deleted)
      if (this.#received !== null && !this.#named.has(id) && !this.#passedBy(id))
        problems.push(`a tombstone for ${type} ${id}, which was never named`);
    this.problems.push(...problems.map((problem) => `${key}: ${problem}`));
  }

  /** A snapshot drops what it did not name, of the types it looked at; then the counts must be true. */
  #finish(
    key: string,
    run: EssentialsRun,
    kind: 'snapshot' | 'delta',
    final: NonNullable<EssentialsBatch['meta']['final']>,
  ): void {
    const counts = { user: final.users, repository: final.repositories };
    for (const type of TYPES) {
      const count = counts[type];
      if (count === null) continue;
      const held = this.held[type];
      if (kind === 'snapshot') for (const id of held.keys()) if (!run.named[type].has(id)) held.delete(id);
      if (held.size !== count)
        this.problems.push(`${key}: final counts ${count} of type ${type}, ${held.size} are held`);
      this.#mindRepeated(key, run, type);
      this.#settled[type] = true;
    }
  }

  /** Right are those that may not have arrived before, and all of a type at once. */
  #mindRepeated(key: string, run: EssentialsRun, type: 'user' | 'repository'): void {
    if (this.#received === null || !this.#settledBefore[type] || run.namedAll(type)) return;
    const repeated = [...run.repeated[type]].filter((id) => !this.#passedBy(id));
    if (repeated.length === 0) return;
    this.problems.push(`${key}: ${repeated.length} of type ${type} as they are held, such as ${repeated[0]}`);
  }

  /** Whether a batch names it that came and was not taken here. */
  #passedBy(id: string): boolean {
    return (this.#received ?? []).some(
      (request) =>
        !this.#digests.has(String(request.headers['idempotency-key'])) && unpacked(request).includes(id),
    );
  }
}

const unpacked = ({ headers, body }: ReceivedRequest): Buffer =>
  headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
