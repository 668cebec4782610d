import { describe, expect, it } from '@jest/globals';
import { pause } from '../../src/bitbucket/pause.ts';
import { Marks } from '../../src/inventory/marks.ts';
import { type RunEnd, Schedule } from '../../src/inventory/schedule.ts';
import { silentLog } from '../../src/log.ts';

const START = 1_000_000_000_000;
const HOUR = 3_600_000;
const PLACE = { sourceId: 1, projectKey: 'PLAT', slug: 'gateway' };

/** A schedule in which nothing is due for hours, on a clock that goes on when the schedule waits. */
function quiet(options: { run?: () => Promise<RunEnd>; lastAgo?: number; goOn?: boolean } = {}) {
  let clock = START;
  const { run = async () => ({ outcome: 'done', enrichmentLeft: 0 }), lastAgo = 0, goOn = true } = options;
  const marks = new Marks({ now: () => clock });
  const heard: string[] = [];
  const waiting = Promise.withResolvers<void>();
  const read = Promise.withResolvers<void>();
  const schedule = new Schedule({
    everyMs: { repositories: 6 * HOUR, enrichment: 24 * HOUR, users: 168 * HOUR },
    lastComplete: () => START - lastAgo,
    run: (scope) => {
      heard.push(
        `${Math.round((clock - START) / 1000)}: ${Object.entries(scope)
          .filter(([, on]) => on)
          .map(([part]) => part)}`,
      );
      return run();
    },
    marked: {
      marks,
      run: async () => {
        heard.push(`${Math.round((clock - START) / 1000)}: ${marks.take().length} marked`);
        read.resolve();
      },
    },
    log: silentLog,
    now: () => clock,
    random: () => 0,
    pause: async (ms, signal) => {
      waiting.resolve();
      if (marks.size === 0 || !goOn) return pause(ms, signal);
      clock += ms;
    },
  });
  return { schedule, marks, heard, waiting: waiting.promise, read: read.promise };
}

describe('the schedule, with marked repositories', () => {
  it('is woken by the first mark, and reads when those of some seconds have gathered', async () => {
    const { schedule, marks, heard, waiting, read } = quiet();
    schedule.start();
    await waiting;
    marks.add(PLACE);
    marks.add({ ...PLACE, sourceId: 2 });
    await read;
    await schedule.stop();
    expect(heard).toEqual(['5: 2 marked']);
  });

  it('reads what is due first', async () => {
    const { schedule, marks, heard, read } = quiet({ lastAgo: 7 * HOUR });
    marks.add(PLACE);
    schedule.start();
    await read;
    await schedule.stop();
    expect(heard).toEqual(['0: repositories', '5: 1 marked']);
  });

  it('leaves Bitbucket alone after a failure, for marked ones too', async () => {
    const failing = async (): Promise<RunEnd> => ({ outcome: 'again', enrichmentLeft: 0 });
    let failed = false;
    const { schedule, marks, heard, read } = quiet({
      lastAgo: 7 * HOUR,
      run: () => {
        if (failed) return Promise.resolve({ outcome: 'done', enrichmentLeft: 0 });
        failed = true;
        return failing();
      },
    });
    marks.add(PLACE);
    schedule.start();
    await read;
    await schedule.stop();
    expect(heard).toEqual(['0: repositories', '30: repositories', '30: 1 marked']);
  });

  it('ends at once while it waits for marks to gather', async () => {
    const { schedule, marks, heard, waiting } = quiet({ goOn: false });
    schedule.start();
    await waiting;
    marks.add(PLACE);
    await schedule.stop();
    expect(heard).toEqual([]);
  });
});
