import { afterEach, describe, expect, it } from '@jest/globals';
import { cpuSecondsOf, forgetPeak, memoryOf } from '../../bench/process-usage.ts';
import { type Child, startChild } from '../../sandbox/child.ts';

const MIB = 1024 * 1024;

/** Takes a second of CPU by its own account, then 200 MiB that it gives back; says what it knows of itself. */
const PROGRAM = `
const spent = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
while (spent() < 1) Math.sqrt(spent());
let memory = Buffer.alloc(200 * ${MIB}, 1);
console.log('spent ' + spent());
memory = null;
setInterval(() => {}, 1000);
`;

let child: Child | undefined;

afterEach(async () => {
  await child?.kill();
  child = undefined;
});

async function untilSpent(): Promise<{ pid: number; spent: number }> {
  const spent = Promise.withResolvers<number>();
  child = await startChild({
    args: ['--input-type=module', '--eval', PROGRAM],
    env: {},
    cwd: process.cwd(),
    onLine: (line) => {
      if (line.startsWith('spent ')) spent.resolve(Number(line.slice(6)));
    },
  });
  return { pid: child.pid, spent: await spent.promise };
}

describe('what a process has used, seen from outside', () => {
  it('is its CPU time in seconds as the process itself counts it', async () => {
    const { pid, spent } = await untilSpent();
    const seen = cpuSecondsOf(pid);
    expect(spent).toBeGreaterThanOrEqual(1);
    // Both are the kernel's accounting; what it counts in hundredths may lag behind by one in user and in kernel.
    expect(seen).toBeGreaterThanOrEqual(spent - 0.02);
    expect(cpuSecondsOf(pid)).toBeGreaterThanOrEqual(seen);
  });

  it('is its memory now and at the highest, which can be forgotten', async () => {
    const { pid } = await untilSpent();
    expect(memoryOf(pid).peak).toBeGreaterThan(200 * MIB);
    forgetPeak(pid);
    const { rss, peak } = memoryOf(pid);
    expect(peak).toBeGreaterThanOrEqual(rss);
    expect(rss).toBeGreaterThan(0);
  });

  it('is an error for a process that is gone', async () => {
    const { pid } = await untilSpent();
    await child?.kill();
    expect(() => cpuSecondsOf(pid)).toThrow();
    expect(() => memoryOf(pid)).toThrow();
    expect(() => forgetPeak(pid)).toThrow();
  });
});
