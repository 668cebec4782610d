import { randomUUID } from 'node:crypto';
import { createEssentialsReceiver } from '../../../sandbox/essentials-receiver.ts';
import { type ReceivedRequest, type ReceiverAnswer, startReceiver } from '../../../sandbox/receiver.ts';
import { makeTemporaryFolder } from '../../../sandbox/temporary-folder.ts';
import { type DeliveryEvent, type DeliveryOptions, deliver } from '../../../src/inventory/deliver/deliver.ts';
import { httpsDestination } from '../../../src/inventory/deliver/https-destination.ts';
import { createEntityIds } from '../../../src/inventory/entity-id.ts';
import type { Ledger, Run, RunKind, Seen } from '../../../src/inventory/ledger/ledger.ts';
import { openLedger } from '../../../src/inventory/ledger/open-ledger.ts';
import { atTheEnd, network } from '../../kit/way-out.ts';

const BASE_URL = 'https://bitbucket.example.com';

export const ids = createEntityIds(BASE_URL);
/** By Bitbucket's number: the record. */
export type Entities = ReadonlyMap<number, string>;
export interface World {
  readonly users: Entities;
  readonly repositories: Entities;
}

const numbered = (from: number, count: number, recordOf: (sourceId: number) => string): Entities =>
  new Map(Array.from({ length: count }, (_, index) => [from + index, recordOf(from + index)]));

export const users = (from: number, count: number, filling = ''): Entities =>
  numbered(from, count, (sourceId) => user(sourceId, filling));

export const repositories = (from: number, count: number): Entities =>
  numbered(from, count, (sourceId) =>
    JSON.stringify({ name: `n${sourceId}`, full_name: `KEY/n${sourceId}` }),
  );

export const user = (sourceId: number, filling = '') =>
  JSON.stringify({ username: `n${sourceId}`, name: filling });

/** A ledger in a folder of its own, a real server with the receiver's model behind it, and the way there. */
export async function deliveryStage() {
  const folder = makeTemporaryFolder('deliver');
  atTheEnd(() => folder.remove());
  const server = await startReceiver();
  atTheEnd(() => server.close());
  const model = createEssentialsReceiver({ received: server.received });
  let answers: ((request: ReceivedRequest) => ReceiverAnswer | null)[] = [];
  server.respond((request) => {
    const [answer] = answers.splice(0, 1);
    return answer?.(request) ?? model.respond(request);
  });
  const identity = { baseUrl: BASE_URL, privacy: 'none', receiver: 'one' };
  let ledger: Ledger = openLedger(folder.path, identity, { now: Date.now });
  atTheEnd(() => ledger.close());
  const waits: number[] = [];
  const events: DeliveryEvent[] = [];
  const destination = httpsDestination(network(), { url: server.url, token: null, timeoutMs: 20_000 });
  return {
    model,
    server,
    waits,
    events,
    destination,
    /** The next requests are answered by these, one each; `null`: as the model does. */
    answerNext(...next: typeof answers) {
      answers = next;
    },
    get ledger() {
      return ledger;
    },
    /** As after the end of the process: what the ledger keeps is all there is. */
    reopen() {
      ledger.close();
      ledger = openLedger(folder.path, identity, { now: Date.now });
    },
    /** A run that has read this world. */
    collect: (world: World, kind: RunKind = 'delta') => collect(ledger, world, kind),
    send: (run: Run, over: Partial<DeliveryOptions> = {}) =>
      deliver({
        ledger,
        run,
        seen: run.seen ?? { users: null, repositories: null, skipped: 0 },
        destination,
        envelope: { profile: 'Main Bitbucket', serviceType: 'on-premises' },
        ids,
        signal: new AbortController().signal,
        random: () => 0.5,
        pause: async (ms) => void waits.push(ms),
        progress: (event) => void events.push(event),
        ...over,
      }),
    finish: (state: 'complete' | 'parked') => ledger.finish(state, new Date().toISOString()),
  };
}

function collect(ledger: Ledger, { users, repositories }: World, kind: RunKind): Run {
  const scope = { users: true, repositories: true, enrichment: false };
  ledger.start({ runId: randomUUID(), scope, kind, startedAt: new Date().toISOString() });
  const entries = (of: Entities) => [...of].map(([sourceId, text]) => ({ sourceId, record: text }));
  ledger.store('user', entries(users));
  ledger.store('repository', entries(repositories));
  const seen: Seen = {
    users: users.size,
    repositories: repositories.size,
    skipped: 0,
    skippedBy: {},
    usersFrom: '/users',
  };
  return ledger.collected(seen);
}

/** What a receiver must hold of a world. */
export function held({ users, repositories }: World) {
  const of = (type: 'user' | 'repository', entities: Entities) =>
    new Map([...entities].map(([sourceId, text]) => [ids(type, sourceId), JSON.parse(text)]));
  return { users: of('user', users), repositories: of('repository', repositories) };
}
