import type { Figure, Sample } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { forgetPeak, memoryOf } from '../process-usage.ts';
import { streamBytes, warmRunners } from '../warm-up.ts';

const MIB = 1024 * 1024;
const MEGABYTE = 1_000_000;
const SIZES = [
  [256, '256 MiB'],
  [1024, '1 GiB'],
] as const;

const figures = SIZES.flatMap(([mebibytes, size]): Figure[] => [
  { id: `stream-rate-${mebibytes}`, title: `Throughput, ${size}`, unit: 'MB/s', better: 'more', target: 1.8 },
  { id: `stream-cpu-${mebibytes}`, title: `CPU a MB, ${size}`, unit: 'ms', better: 'less', target: 0.5 },
  {
    ...{ id: `stream-memory-${mebibytes}`, title: `Memory at the highest meanwhile, ${size}` },
    ...{ unit: 'MiB', better: 'less', target: null },
  },
]);

/** What one long answer costs, and how fast it comes. */
export const streams: Measurement = {
  name: 'streams',
  title: 'Long streams',
  how: 'One file through the broker server as a streamed answer, from the call to its last byte. A MB is 1,000,000 bytes. Bitbucket, the broker server and the caller run on the same cores, so throughput is bounded by all four together; the caller only counts the bytes. Memory is the highest VmRSS while the stream runs, in a process that has answered calls before.',
  figures,
  rounds: 'each',
  async measure(round) {
    const { quick } = round;
    const { field, runners } = await warmRunners(round);
    const samples: Sample[] = [];
    for (const [mebibytes] of SIZES) {
      for (const runner of runners) {
        const { contender, pid } = runner;
        forgetPeak(pid);
        const { bytes, seconds, cpuSeconds } = await field.stream(runner, streamBytes(mebibytes, quick));
        const tell = (what: string, value: number) =>
          samples.push({ figure: `stream-${what}-${mebibytes}`, contender, value });
        tell('rate', bytes / MEGABYTE / seconds);
        tell('cpu', (cpuSeconds * 1000) / (bytes / MEGABYTE));
        tell('memory', memoryOf(pid).peak / MIB);
      }
    }
    return samples;
  },
};
