import { describe, expect, it } from '@jest/globals';
import type { Scope } from '../../src/inventory/ledger/ledger.ts';
import { type RunEnd, Schedule } from '../../src/inventory/schedule.ts';
import type { Log } from '../../src/log.ts';

const HOUR = 3_600_000;
const EVERY = { repositories: 6 * HOUR, enrichment: 24 * HOUR, users: 168 * HOUR };

interface Stage {
  /** Hours since the start, and what was looked at. */
  readonly runs: string[];
  readonly defects: unknown[];
}

interface Play {
  readonly hours: number;
  readonly startAt?: number;
  readonly last?: Readonly<Record<keyof Scope, number | null>>;
  readonly random?: () => number;
  /** What a run gives; it `takes` hours, and is asked `after` them once more. */
  readonly run?: (
    atHours: number,
    scope: Scope,
    shouldYield: () => boolean,
    atMs: number,
  ) => Partial<RunEnd> & { takes?: number; after?: () => void };
}

/** Runs a schedule on a clock that goes on only when the schedule waits, and ends it after so many hours. */
async function play({ hours, startAt = 1_000 * HOUR, last, random = () => 0, run }: Play): Promise<Stage> {
  let clock = startAt;
  const runs: string[] = [];
  const defects: unknown[] = [];
  const complete = { ...(last ?? { repositories: null, enrichment: null, users: null }) };
  const log: Log = { debug() {}, info() {}, warn() {}, error: (message) => void defects.push(message) };
  const over = Promise.withResolvers<void>();
  const schedule = new Schedule({
    everyMs: EVERY,
    lastComplete: (part) => complete[part],
    now: () => clock,
    random,
    log,
    pause: async (ms) => {
      clock += ms;
      if (clock >= startAt + hours * HOUR) {
        over.resolve();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    run: async (scope, _signal, shouldYield) => {
      const at = Math.round((clock - startAt) / HOUR);
      const names = (['repositories', 'enrichment', 'users'] as const).filter((part) => scope[part]);
      runs.push(`${at}: ${names.join(' ')}`);
      const begun = clock;
      clock += 1;
      const end = run?.(at, scope, shouldYield, begun - startAt) ?? {};
      clock += (end.takes ?? 0) * HOUR;
      end.after?.();
      const outcome = end.outcome ?? 'done';
      if (outcome === 'done') for (const part of names) complete[part] = begun;
      return { outcome, enrichmentLeft: end.enrichmentLeft ?? 0 };
    },
  });
  schedule.start();
  await over.promise;
  await schedule.stop();
  return { runs, defects };
}

describe('the schedule', () => {
  it('begins with everything, the enrichment behind the rest, then keeps each part in its own rhythm', async () => {
    const { runs } = await play({ hours: 30 });
    expect(runs).toEqual([
      '0: repositories users',
      '0: repositories enrichment',
      '6: repositories',
      '12: repositories',
      '18: repositories',
      '24: repositories',
      '24: repositories enrichment',
    ]);
  });

  it('reads the users again after seven days', async () => {
    const { runs } = await play({ hours: 170 });
    expect(runs.filter((line) => line.includes('users'))).toEqual(['0: repositories users', '168: users']);
  });

  it('catches up after downtime, once', async () => {
    const startAt = 1_000 * HOUR;
    const before = startAt - 100 * HOUR;
    const { runs } = await play({
      hours: 7,
      startAt,
      last: { repositories: before, enrichment: before, users: before },
    });
    expect(runs).toEqual(['0: repositories', '0: repositories enrichment', '6: repositories']);
  });

  it('does not run before its time after a restart', async () => {
    const startAt = 1_000 * HOUR;
    const recently = startAt - HOUR;
    const { runs } = await play({
      hours: 6,
      startAt,
      last: { repositories: recently, enrichment: recently, users: recently },
    });
    expect(runs).toEqual(['5: repositories']);
  });

  it('spreads runs by up to a twentieth of their rhythm', async () => {
    const { runs } = await play({ hours: 26, random: () => 0.999 });
    expect(runs).toEqual([
      '0: repositories users',
      '0: repositories enrichment',
      '6: repositories',
      '13: repositories',
      '19: repositories',
      '25: repositories',
      '25: repositories enrichment',
    ]);
  });

  it('tries a failed run again sooner, then ever more rarely, never more than an hour apart', async () => {
    const minutes: number[] = [];
    await play({
      hours: 5,
      random: () => 1,
      run: (_at, _scope, _shouldYield, ms) => {
        minutes.push(Math.round(ms / 60_000));
        return { outcome: 'again' };
      },
    });
    expect(minutes).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  });

  it('is back in its rhythm after a run that came to its end', async () => {
    let failures = 3;
    const { runs } = await play({
      hours: 7,
      run: () => {
        failures -= 1;
        return failures >= 0 ? { outcome: 'again' } : {};
      },
    });
    expect(runs).toHaveLength(6);
    expect(runs.at(-1)).toBe('6: repositories');
  });

  it('goes on with the enrichment that made way at the next base run', async () => {
    const { runs } = await play({
      hours: 13,
      run: (at, _scope, shouldYield) => {
        expect(shouldYield()).toBe(false);
        return { enrichmentLeft: at < 6 ? 10 : 0 };
      },
    });
    expect(runs).toEqual([
      '0: repositories users',
      '0: repositories enrichment',
      '6: repositories',
      '6: repositories enrichment',
      '12: repositories',
    ]);
  });

  it('lets a long enrichment make way when the base run is due', async () => {
    const seen: boolean[] = [];
    await play({
      hours: 3,
      run: (_at, _scope, shouldYield) => {
        seen.push(shouldYield());
        return seen.length > 1 ? {} : { takes: 7, after: () => seen.push(shouldYield()) };
      },
    });
    expect(seen.slice(0, 2)).toEqual([false, true]);
  });

  it('survives a defect of a run', async () => {
    let first = true;
    const { runs, defects } = await play({
      hours: 5,
      run: () => {
        if (!first) return {};
        first = false;
        throw new TypeError('a defect');
      },
    });
    expect(runs).toHaveLength(3);
    expect(defects).toEqual(['defect']);
  });

  it('runs at once when the clock was set back, and then in its rhythm', async () => {
    const startAt = 1_000 * HOUR;
    const ahead = startAt + 500 * HOUR;
    const { runs } = await play({
      hours: 7,
      startAt,
      last: { repositories: ahead, enrichment: ahead, users: ahead },
    });
    expect(runs).toEqual(['0: repositories users', '0: repositories enrichment', '6: repositories']);
  });
});
