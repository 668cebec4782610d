import { setTimeout as pause } from 'node:timers/promises';
import type { Sample } from '../figure.ts';
import type { Measurement } from '../measurement.ts';
import { memoryOf } from '../process-usage.ts';
import { AT_ONCE, WARM_UP_CALLS, warmUp } from '../warm-up.ts';

const MIB = 1024 * 1024;
/** V8 looks for what is dead some 8 s after the last work. */
const IDLE_MS = 12_000;
const QUICK_IDLE_MS = 500;
/** As a replica runs that relays and leaves the inventory to another one. */
const RELAY_ONLY = { INVENTORY_URL: 'off' };

/** Main memory at rest and at the highest. */
export const memory: Measurement = {
  name: 'memory',
  title: 'Memory',
  how: [
    `VmRSS and VmHWM of fresh processes, out of /proc. Idle: ${IDLE_MS / 1000} s after they are identified; by then this agent has also read and sent its first inventory (33 repositories, 286 users), which the official client has none of.`,
    'Relaying only: this agent with `INVENTORY_URL=off`, as replicas run beside the one that keeps the inventory; the other columns are as in the row above.',
    `Peak: the highest since the start of the process, after ${WARM_UP_CALLS} calls of each kind (socket and streamed, 3 KB and 50 KB), ${AT_ONCE} at once, and a stream of 256 MiB.`,
  ].join(' '),
  figures: [
    { id: 'memory-idle', title: 'Idle memory', unit: 'MiB', better: 'less', target: 0.65 },
    {
      id: 'memory-idle-relay',
      title: 'Idle memory, relaying only',
      unit: 'MiB',
      better: 'less',
      target: 0.65,
    },
    {
      id: 'memory-peak',
      title: 'Peak memory, calls and a 256 MiB stream',
      unit: 'MiB',
      better: 'less',
      target: 0.4,
    },
  ],
  rounds: 'each',
  async measure({ field: open, runners: startAll, quick }) {
    const field = await open();
    const runners = await startAll();
    const samples: Sample[] = [];
    const relay = await field.start('agent', RELAY_ONLY);
    await pause(quick ? QUICK_IDLE_MS : IDLE_MS);
    for (const { contender, pid } of runners) {
      const idle = memoryOf(pid).rss / MIB;
      const relaying = contender === 'agent' ? memoryOf(relay.pid).rss / MIB : idle;
      samples.push({ figure: 'memory-idle', contender, value: idle });
      samples.push({ figure: 'memory-idle-relay', contender, value: relaying });
    }
    await relay.end();
    for (const runner of runners) {
      const { contender, pid } = runner;
      await warmUp(field, runner, quick);
      samples.push({ figure: 'memory-peak', contender, value: memoryOf(pid).peak / MIB });
    }
    return samples;
  },
};
