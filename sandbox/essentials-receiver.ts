import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { type EssentialsBatch, readBatch } from './essentials-batch.ts';
import type { ReceivedRequest, ReceiverAnswer } from './receiver.ts';

type Attributes = Readonly<Record<string, unknown>>;

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

/** The run that sends now. */
interface RunProgress {
  readonly runId: string;
  lastSequence: number;
  /** What a snapshot has named so far. */
  readonly named: Record<'user' | 'repository', Set<string>>;
}

/** A receiver that has nothing yet. */
export function createEssentialsReceiver(): EssentialsReceiver {
  const model = new Model();
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
  readonly #digests = new Map<string, string>();
  readonly #earlierRuns = new Set<string>();
  #run: RunProgress | null = null;

  respond(request: ReceivedRequest): ReceiverAnswer {
    if (request.method !== 'POST') return this.#refuse(405, `${request.method} instead of POST`);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(request.body) : request.body;
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

  #apply({ key, data, meta }: EssentialsBatch, bytes: number): void {
    const run = this.#runOf(key, meta);
    for (const { type, id, attributes } of data) {
      this.held[type].set(id, attributes);
      run.named[type].add(id);
    }
    for (const { type, id } of meta.deleted) this.held[type].delete(id);
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

  #runOf(key: string, { run_id: runId, sequence }: EssentialsBatch['meta']): RunProgress {
    if (this.#run?.runId !== runId) {
      if (this.#earlierRuns.has(runId)) this.problems.push(`${key}: a run that another one had followed`);
      this.#earlierRuns.add(runId);
      this.#run = { runId, lastSequence: 0, named: { user: new Set(), repository: new Set() } };
    }
    const run = this.#run;
    if (sequence <= run.lastSequence) this.problems.push(`${key}: after sequence ${run.lastSequence}`);
    run.lastSequence = sequence;
    return run;
  }

  /** A snapshot drops what it did not name, of the types it looked at; then the counts must be true. */
  #finish(
    key: string,
    run: RunProgress,
    kind: 'snapshot' | 'delta',
    final: NonNullable<EssentialsBatch['meta']['final']>,
  ): void {
    for (const [type, count] of [
      ['user', final.users],
      ['repository', final.repositories],
    ] as const) {
      if (count === null) continue;
      const held = this.held[type];
      if (kind === 'snapshot') {
        for (const id of held.keys()) if (!run.named[type].has(id)) held.delete(id);
      }
      if (held.size !== count) {
        this.problems.push(`${key}: final counts ${count} of type ${type}, ${held.size} are held`);
      }
    }
  }
}
