import type { Measurement } from '../measurement.ts';

/** What it takes to start. */
export const start: Measurement = {
  name: 'start',
  title: 'Start',
  how: 'From the start of the process until the broker server shows a socket of it identified, from when on it relays calls; the server is asked every 10 ms, not the process. CPU is that of all its threads. This agent begins its first inventory then, so that a reading may have up to 10 ms of that in it.',
  figures: [
    { id: 'start-cpu', title: 'Start to identified, CPU', unit: 'ms', better: 'less', target: 0.6 },
    { id: 'start-time', title: 'Start to identified, time', unit: 'ms', better: 'less', target: null },
  ],
  rounds: 'each',
  async measure({ runners }) {
    return (await runners()).flatMap(({ contender, began }) => [
      { figure: 'start-cpu', contender, value: began.cpuSeconds * 1000 },
      { figure: 'start-time', contender, value: began.seconds * 1000 },
    ]);
  },
};
