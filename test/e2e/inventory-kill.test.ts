import { watch } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AgentProcess } from '../../sandbox/agent-process.ts';
import { drawn, pick } from '../../sandbox/bitbucket/seed.ts';
import { type Bitbucket, startBitbucket } from '../../sandbox/bitbucket/server.ts';
import { createWorld, type World } from '../../sandbox/bitbucket/world.ts';
import type { ReceivedRequest, ReceiverAnswer } from '../../sandbox/receiver.ts';
import { moveOn } from './changed-world.ts';
import { type CommandStage, startCommandStage, type Workbench } from './command.ts';
import { heldBy, truthOf } from './inventory-truth.ts';

/** `KILL_SEED=7 npm test inventory-kill` tries other moments and other worlds. */
const SEED = Number(process.env.KILL_SEED ?? 3);
const KILLS = 20;
const MOST_ATTEMPTS = 40;
const OPTIONS = {
  pageCaps: { users: 100, repositories: 10, projects: 5, groups: 1000, commits: 1000 },
  keepRequests: 0,
};

/** Where the agent is killed: at the nth request that one of the two sees. */
const PLACES = [
  /** Bitbucket has the call and does not answer it. */
  'collecting, unanswered',
  /** Bitbucket's answer is on its way to the agent or there already. */
  'collecting, answered',
  /** The batch is lost. */
  'delivering, lost',
  /** The receiver has applied the batch; its answer finds nobody. */
  'delivering, applied',
  /** The answer is on its way to the agent or there already. */
  'delivering, answered',
  /** The batch arrives only after a batch of the next process. */
  'delivering, overtaken',
] as const;

interface Moment {
  readonly place: (typeof PLACES)[number];
  readonly nth: number;
  /** After an answer. */
  readonly delayMs: number;
}

const draw = (most: number, ...words: readonly (string | number)[]) => drawn(SEED, ...words) % most;

/** Worlds differ in what is there, and in the names of most of it. */
function worldOf(attempt: number): World {
  return createWorld({
    seed: 1 + draw(3, 'seed', attempt),
    users: 520 + draw(80, 'users', attempt),
    repositories: 20 + draw(40, 'repositories', attempt),
    projects: 6 + draw(6, 'projects', attempt),
  });
}

function argsOf(attempt: number): readonly string[] {
  return pick([[], [], ['--full'], ['--enrich'], ['--only', 'users']], SEED, 'args', attempt);
}

function momentOf(attempt: number, place: Moment['place']): Moment {
  const calls = argsOf(attempt).includes('--enrich') ? 150 : 25;
  const most = place.startsWith('collecting') ? calls : 3;
  return { place, nth: 1 + draw(most, 'nth', attempt), delayMs: draw(4, 'delay', attempt) };
}

/** Kills one agent at one moment, and answers for the receiver. */
class Ambush {
  readonly #moment: Moment;
  readonly #bench: Workbench;
  readonly #overtaken: (() => void)[];
  #agent: AgentProcess | null = null;
  #calls = 0;

  /** @param overtaken batches of earlier agents that have not arrived yet */
  constructor(moment: Moment, bench: Workbench, overtaken: (() => void)[]) {
    this.#moment = moment;
    this.#bench = bench;
    this.#overtaken = overtaken;
  }

  async begin(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#agent = await this.#bench.begin(args, env);
    return { ...(await this.#agent.exited), output: this.#agent.output() };
  }

  /** A call has come to Bitbucket; `answered` settles when its answer is out. */
  call(answered: Promise<unknown>): void {
    if (!this.#isNth('collecting')) return;
    if (this.#moment.place === 'collecting, unanswered') this.#strike();
    else void answered.then(() => this.#strikeSoon());
  }

  async batch(request: ReceivedRequest): Promise<ReceiverAnswer> {
    const apply = () => {
      const answer = this.#bench.receiver.respond(request);
      for (const arrive of this.#overtaken.splice(0)) arrive();
      return answer;
    };
    if (!this.#isNth('delivering')) return apply();
    const { place } = this.#moment;
    if (place === 'delivering, answered') {
      this.#strikeSoon();
      return apply();
    }
    this.#strike();
    if (place === 'delivering, lost') return { status: 503 };
    if (place === 'delivering, applied') return apply();
    await new Promise<void>((resolve) => this.#overtaken.push(resolve));
    return this.#bench.receiver.respond(request);
  }

  #isNth(what: 'collecting' | 'delivering'): boolean {
    if (!this.#moment.place.startsWith(what)) return false;
    this.#calls += 1;
    return this.#calls === this.#moment.nth;
  }

  #strike(): void {
    void this.#agent?.terminate('SIGKILL');
  }

  #strikeSoon(): void {
    setTimeout(() => this.#strike(), this.#moment.delayMs);
  }
}

let desk: CommandStage;
let bitbucket: Bitbucket;
beforeAll(async () => {
  desk = await startCommandStage();
  bitbucket = await startBitbucket({ ...OPTIONS, world: worldOf(0) });
});
afterAll(async () => {
  await bitbucket?.close();
  await desk?.close();
});

describe('kill -9', () => {
  it(`at ${KILLS} moments, while Bitbucket changes: the receiver ends with exactly what is there`, async () => {
    const bench = desk.fresh();
    const { receiver } = bench;
    const env = { BITBUCKET_URL: bitbucket.url };
    const overtaken: (() => void)[] = [];
    const killed: Moment['place'][] = [];

    for (let attempt = 0; killed.length < KILLS; attempt += 1) {
      expect(attempt).toBeLessThan(MOST_ATTEMPTS);
      const place = PLACES[killed.length % PLACES.length] ?? 'delivering, lost';
      const ambush = new Ambush(momentOf(attempt, place), bench, overtaken);
      if (attempt > 0) bitbucket = await moveOn(bitbucket, worldOf(attempt), OPTIONS);
      const watch = ({ finished }: { finished: Promise<unknown> }) => {
        ambush.call(finished);
        return false;
      };
      bitbucket.faults.add({ match: watch, kind: 'hang' });
      desk.stage.receiver.respond((request) => ambush.batch(request));
      const { code, signal, output } = await ambush.begin(['sync', '--once', ...argsOf(attempt)], env);
      if (signal === 'SIGKILL') killed.push(place);
      else expect({ attempt, code, output }).toMatchObject({ code: 0 });
      expect({ attempt, place, problems: receiver.problems }).toMatchObject({ problems: [] });
    }

    desk.stage.receiver.respond(receiver.respond);
    for (const arrive of overtaken) arrive();
    const world = worldOf(MOST_ATTEMPTS);
    bitbucket = await moveOn(bitbucket, world, OPTIONS);
    const { code, output } = await bench.ended(['sync', '--once', '--enrich'], env);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(receiver.problems).toEqual([]);
    expect(heldBy(receiver)).toEqual(truthOf({ url: bitbucket.url, world, enriched: true }));
    expect(receiver.duplicates).toBeGreaterThan(0);
  }, 90_000);

  it('while the lock and the ledger are made: the next start takes what it finds', async () => {
    const bench = desk.fresh();
    const env = { BITBUCKET_URL: bitbucket.url };
    bitbucket.faults.clear();
    for (const nth of [1, 2, 4, 8]) {
      const agent = await bench.begin(['sync', '--once'], env);
      let changes = 0;
      const watcher = watch(bench.stateDir, () => {
        changes += 1;
        if (changes === nth) void agent.terminate('SIGKILL');
      });
      const { signal } = await agent.exited;
      watcher.close();
      expect({ nth, signal }).toEqual({ nth, signal: 'SIGKILL' });
    }
    const { code, output } = await bench.ended(['sync', '--once'], env);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(bench.receiver.problems).toEqual([]);
    expect(heldBy(bench.receiver)).toEqual(truthOf({ url: bitbucket.url, world: bitbucket.world }));
  });
});
