import type { Figure, Sample } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { SMALL_PAGE } from '../places.ts';
import { warmRunners } from '../warm-up.ts';

const AT_ONCE = 32;
const CALLS = 2_000;
const QUICK_CALLS = 100;
const WAYS = [
  ['socket', 'over the socket'],
  ['stream', 'streamed'],
] as const;

const figures = WAYS.flatMap(([over, how]): Figure[] => [
  { id: `rate-${over}`, title: `Calls a second, ${how}`, unit: 'calls/s', better: 'more', target: null },
  { id: `busy-${over}`, title: `How busy it is then, ${how}`, unit: '%', better: 'less', target: null },
]);

/** How many calls go through when there are always more waiting. */
export const saturation: Measurement = {
  name: 'saturation',
  title: 'Saturation',
  how: `Pages of 3 KB, ${CALLS} calls a reading, ${AT_ONCE} under way at any time: the next one comes as soon as one is answered. The broker server takes part in every call with one thread of its own, and is often what bounds the rate; so beside it stands how much of one processor core the contender itself was busy.`,
  figures,
  rounds: 'each',
  async measure(round) {
    const { quick } = round;
    const { field, runners } = await warmRunners(round);
    const samples: Sample[] = [];
    for (const [over] of WAYS) {
      for (const runner of runners) {
        const load = { path: SMALL_PAGE, over, atOnce: AT_ONCE, calls: quick ? QUICK_CALLS : CALLS };
        const { calls, seconds, cpuSeconds } = await field.load(runner, load);
        const { contender } = runner;
        samples.push({ figure: `rate-${over}`, contender, value: calls / seconds });
        samples.push({ figure: `busy-${over}`, contender, value: (cpuSeconds / seconds) * 100 });
      }
    }
    return samples;
  },
};
